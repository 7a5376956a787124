// The program in a server pod: says who it is and who called, over HTTP on port 8080 and over TCP on port 9000.
// Ends when whoever started it is gone.
import { createServer as createHttp } from 'node:http';
import { createServer as createTcp } from 'node:net';

const [, , name = ''] = process.argv;
createHttp({ keepAliveTimeout: 0 }, (request, response) => {
  response.end(`${name} ${request.socket.remoteAddress}\n`);
}).listen(8080, '0.0.0.0');
createTcp((socket) => socket.end(`${name} ${socket.remoteAddress}\n`)).listen(9000, '0.0.0.0', () => {
  process.stdout.write('listening\n');
});
process.stdin.on('close', () => process.exit()).resume();
