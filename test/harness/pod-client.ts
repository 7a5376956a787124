// The program in a client pod: `http URL COUNT` or `tcp ADDRESS:PORT COUNT`. Prints each answer on a line of its own.
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const [, , kind, target = '', count = '1'] = process.argv;
const agent = new Agent({ keepAlive: true });

function overHttp(): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(target, { agent, timeout: 5000 }, async (response) => {
      resolve(`${response.statusCode} ${(await text(response)).trim()}`);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

async function overTcp(): Promise<string> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
  return (await text(socket)).trim();
}

for (let sent = 0; sent < Number(count); sent++) {
  const call = kind === 'http' ? overHttp : overTcp;
  process.stdout.write(`${await call().catch(String)}\n`);
}
agent.destroy();
