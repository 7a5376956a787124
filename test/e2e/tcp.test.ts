// A TCP service: connections are balanced, and what is said on one stays on one.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inTurns } from '../../src/cli/demo/statistics.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, ruleYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(hosts, { simple: 'ROUND_ROBIN' }, { name: 'tcp', number: 70 }));
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

test('connections take exact turns', async () => {
  const order = await mesh.requests(90);
  expect(inTurns(order, 3)).toBe(true);
  expect(Object.keys(counts(order)).sort()).toEqual(hosts.map(backend));
});

test('what is said on a connection comes back on it', async () => {
  const { address, port } = mesh.target('shop:70').listens;
  const socket = connect(port, address);
  await once(socket, 'connect');
  socket.end('hello\n');
  const heard = await text(socket);
  expect(heard).toMatch(/^127\.[0-9.]+:\d+\nhello\n$/);
});

// 30 clients, two connections each: the same pairs by chance in (1/3)^30 of the runs.
test('by source IP a client keeps its backend', async () => {
  await mesh.apply({ 'rule.yaml': ruleYaml({ consistentHash: { useSourceIp: true } }) });
  const seen = new Set<string>();
  for (const from of addresses(30, 100)) {
    const [one, two] = await mesh.requests(2, { from });
    expect(two).toBe(one);
    seen.add(String(one));
  }
  expect(seen.size).toBeGreaterThan(1);
});
