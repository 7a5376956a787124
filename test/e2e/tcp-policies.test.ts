// What rules say of TCP connections: how long they last, who the client is, and through what they go.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/lib/json.ts';
import { TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort, policyYaml, shop } from '../harness/shop.ts';

const hosts = addresses(1);
const [host = ''] = hosts;
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(hosts, { simple: 'ROUND_ROBIN' }, { name: 'tcp', number: 70 }));
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

/** A connection to the service, and what was heard on it once that ends as `end` says. */
async function talk(words: string, end: string): Promise<{ readonly heard: string; readonly socket: Socket }> {
  const { address, port } = mesh.target('shop:70').listens;
  const socket = connect(port, address);
  await once(socket, 'connect');
  socket.write(words);
  let heard = '';
  while (!heard.endsWith(end)) heard += String(await once(socket, 'data'));
  return { heard, socket };
}

const apply = (policy: JsonObject) => mesh.apply({ 'rule.yaml': policyYaml(policy) });

test('a connection that is silent for idleTimeout is closed', async () => {
  await apply({ connectionPool: { tcp: { idleTimeout: '200ms' } } });
  const { heard, socket } = await talk('hello\n', 'hello\n');
  expect(heard).toBe(`${backend(host)}\nhello\n`);
  await once(socket, 'close');
});

test('a connection is closed after maxConnectionDuration, however much is said on it', async () => {
  await apply({ connectionPool: { tcp: { maxConnectionDuration: '300ms' } } });
  const { socket } = await talk('hello\n', 'hello\n');
  const chat = setInterval(() => socket.write('more\n'), 20);
  socket.resume().on('error', () => {});
  await once(socket, 'close');
  clearInterval(chat);
});

test('the server hears first who the client is', async () => {
  await apply({ proxyProtocol: { version: 'V1' } });
  const { heard, socket } = await talk('hello\n', 'hello\n');
  const { localPort, remotePort } = socket;
  socket.destroy();
  expect(heard).toBe(`${backend(host)}\nPROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${remotePort}\r\nhello\n`);
});

test('connections go through a proxy that is asked to connect to the target', async () => {
  await mesh.backends.end(backend(host));
  const proxy = createServer();
  proxy.on('connect', ({ url }, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n\r\n`);
    socket.end(`asked for ${url}\n`);
  });
  proxy.listen(backendPort, host);
  await once(proxy, 'listening');
  await apply({ tunnel: { targetHost: 'www.example.com', targetPort: 443 } });
  const { heard, socket } = await talk('', '\n');
  expect(heard).toBe('asked for www.example.com:443\n');
  socket.destroy();
  proxy.closeAllConnections();
  proxy.close();
});
