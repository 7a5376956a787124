// The program in a client pod: `http URL COUNT`, `http2 URL COUNT`, `websocket URL COUNT`, `tcp ADDRESS:PORT COUNT`, `hello ADDRESS:PORT COUNT`, which
// speaks first, or `tls ADDRESS:PORT COUNT`.
// Prints each answer on a line of its own.
import { Agent, get } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';

const [, , kind = '', target = '', count = '1'] = process.argv;
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

function overHttp2(): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(target);
    session.setTimeout(5000, () => session.destroy(new Error('no answer')));
    session.on('error', reject);
    const request = session.request({ [constants.HTTP2_HEADER_PATH]: '/' });
    request.on('error', reject);
    request.on('response', async (headers) => {
      resolve(`${headers[':status']} ${(await text(request)).trim()}`);
      session.close();
    });
  });
}

/** What comes back of some words after the upgrade of a connection. */
function overWebSocket(): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(target, { timeout: 5000, headers: { connection: 'Upgrade', upgrade: 'websocket' } });
    request.on('upgrade', ({ statusCode }, socket) => {
      socket.once('data', (words: Buffer) => {
        resolve(`${statusCode} ${words}`);
        socket.destroy();
      });
      socket.write('hello');
    });
    request.on('response', ({ statusCode }) => reject(new Error(`answered with ${statusCode}`)));
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

async function answerOf(socket: Socket): Promise<string> {
  socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
  return (await text(socket)).trim();
}

const { hostname, port } = new URL(target.includes('//') ? target : `tcp://${target}`);
const calls: Readonly<Record<string, () => Promise<string>>> = {
  http: overHttp,
  http2: overHttp2,
  websocket: overWebSocket,
  tcp: () => answerOf(connect(Number(port), hostname)),
  hello: () =>
    answerOf(
      connect(Number(port), hostname).on('connect', function (this: Socket) {
        this.write('hello');
      }),
    ),
  tls: () => answerOf(connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false })),
};

for (let sent = 0; sent < Number(count); sent++) {
  process.stdout.write(`${await calls[kind]?.().catch(String)}\n`);
}
agent.destroy();
