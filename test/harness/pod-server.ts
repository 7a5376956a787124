// The program in a server pod: says who it is and who called, over HTTP on the ports 8080 and 8081, over HTTP/2 on 8082,
// over TCP on 9000, and over TLS of its own on 9443.
// Ends when whoever started it is gone.
import { createServer as createHttp, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createTcp, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { issueServer, TestCa } from './certificates.ts';

const [, , name = ''] = process.argv;

/** Who called, as the Envoy in this pod tells it: the identity in the caller's certificate, where it showed one. */
function caller(headers: IncomingHttpHeaders, { remoteAddress }: Socket): string {
  const [, identity] = /URI=([^;,]+)/.exec(String(headers['x-forwarded-client-cert'] ?? '')) ?? [];
  return `${name} ${remoteAddress}${identity === undefined ? '' : ` ${identity}`}\n`;
}

const listening = (server: { listen(port: number, host: string, done: () => void): unknown }, port: number) =>
  new Promise<void>((done) => server.listen(port, '0.0.0.0', done));

/** After an upgrade the connection is the client's own: what it says comes back. */
function http() {
  const server = createHttp({ keepAliveTimeout: 0 }, ({ headers, socket }, response) => {
    response.end(caller(headers, socket));
  });
  return server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
}
/** A caller may be gone before it is told. */
const sayWho = (socket: Socket) => socket.on('error', () => {}).end(`${name} ${socket.remoteAddress}\n`);
const certificate = await issueServer(await TestCa.create());

await listening(http(), 8080);
await listening(http(), 8081);
await listening(
  createHttp2(({ headers, stream }, response) => response.end(caller(headers, stream.session?.socket as Socket))),
  8082,
);
await listening(createTcp(sayWho), 9000);
await listening(createTls(certificate, sayWho), 9443);
process.stdout.write('listening\n');
process.stdin.on('close', () => process.exit()).resume();
