// Every folder of examples/ as its README says: applied, called, and what answers looked at. Their addresses are fixed,
// so all of them, and the demo itself, run in this one file, one after the other.
import { readFile } from 'node:fs/promises';
import { connect, constants } from 'node:http2';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { keyedCall } from '../../src/cli/demo/keys.ts';
import { reportLoads } from '../../src/cli/demo/loads.ts';
import { inTurns } from '../../src/cli/demo/statistics.ts';
import { plainCall, send } from '../../src/cli/demo/traffic.ts';
import { poll } from '../../src/inject/poll.ts';
import { Demo } from '../harness/demo.ts';
import { callEdge, edgeLabels } from '../harness/edge.ts';
import { counts, exampleNames, examplesFolder, TestMesh } from '../harness/mesh.ts';
import { atTheEdge, insideTheShop } from './bookshop.ts';

let mesh: TestMesh | undefined;

/** With Envoy as a sidecar, or as a gateway. */
async function start(name: string, isGateway = false): Promise<TestMesh> {
  const role = isGateway ? { gateway: { labels: edgeLabels } } : {};
  mesh = await TestMesh.start(join(examplesFolder, name), role);
  return mesh;
}

afterEach(async () => {
  try {
    await mesh?.check();
  } finally {
    await mesh?.close();
    mesh = undefined;
  }
});

const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);

/** What each example promises. */
const promises: Readonly<Record<string, (mesh: TestMesh) => Promise<void>>> = {
  seed: async (mesh) => expect(inTurns(await mesh.requests(300), 3)).toBe(true),

  // Two rounds of 100 users are the same by chance in (1/3)^100 of the runs.
  'consistent-hash': async (mesh) => {
    const calls = users.map((user) => keyedCall(mesh.target('shop:80').policy.hash, user));
    const homes = await mesh.requests(calls);
    expect(Object.keys(counts(homes))).toHaveLength(3);
    expect(await mesh.requests(calls)).toEqual(homes);
  },

  'bounded-load': async (mesh) => {
    const call = keyedCall(mesh.target('shop:80').policy.hash, 'busy');
    expect(Object.keys(counts(await mesh.requests([call, call, call])))).toHaveLength(1);
    for (const address of ['127.0.0.11', '127.0.0.12', '127.0.0.13']) {
      mesh.backends.behave(`${address}:8080`, { slowness: 20 });
    }
    const calls = Array.from({ length: 60 }, () => call);
    expect(Object.keys(counts(await mesh.requests(calls, { atOnce: 12 })))).toHaveLength(3);
  },

  'stateful-hash': async (mesh) => {
    const calls = users.map((user) => keyedCall(mesh.target('shop:80').policy.hash, user));
    const before = await mesh.requests(calls);
    const endpoints = await readFile(join(examplesFolder, 'stateful-hash', 'endpoints.yaml'), 'utf8');
    await mesh.apply({ 'endpoints.yaml': endpoints.replace('127.0.0.12', '127.0.0.14') });
    const after = await mesh.requests(calls);
    expect(after).not.toEqual(before);
    expect(after.map((who) => who.replace('127.0.0.14', '127.0.0.12'))).toEqual(before);
  },

  'health-checks': async (mesh) => {
    const [bad = '', ...others] = [...mesh.backends.names].sort();
    mesh.backends.behave(bad, { status: 503 });
    const client = mesh.client();
    const look = async () => {
      const answers = await send(client, Array(30).fill(plainCall), 1);
      return answers.every(({ kind }) => kind === 'answered') || undefined;
    };
    await poll(look, { within: 15_000, every: 100, what: 'the bad backend to be left alone' });
    client.close();
    expect(Object.keys(counts(await mesh.requests(60))).sort()).toEqual(others);
  },

  'sticky-sessions': async (mesh) => {
    const client = mesh.client();
    const answer = await client.call(plainCall);
    client.close();
    if (answer.kind === 'failed') throw new Error(answer.why);
    const cookie = answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
    expect(cookie).toMatch(/^session=/);
    // By chance in (1/3)^30 of the runs.
    const again = await mesh.requests(Array.from({ length: 30 }, () => ({ path: '/', headers: { cookie } })));
    expect(counts(again)).toEqual({ [answer.by]: 30 });
  },

  // All three joined at the same moment, so none is spared; the newcomer's share is in warmup.test.ts.
  warmup: async (mesh) => {
    const { clusters } = await mesh.config;
    expect(clusters.get(mesh.target('shop:80').cluster)).toMatchObject({
      round_robin_lb_config: { slow_start_config: { slow_start_window: '30s', min_weight_percent: { value: 10 } } },
    });
    expect(Object.values(counts(await mesh.requests(300)))).toHaveLength(3);
  },

  tcp: async (mesh) => expect(inTurns(await mesh.requests(90), 3)).toBe(true),

  // 40 of 400 requests, give or take 6: less than 10 or more than 75 come by chance in less than 1e-6 of the runs.
  'canary-subsets': async (mesh) => {
    const canary = mesh.backends.names.find((name) => name.startsWith('127.0.0.13')) ?? '';
    const seen = counts(await mesh.requests(400));
    expect(Object.keys(seen)).toHaveLength(3);
    expect(seen[canary]).toBeGreaterThan(9);
    expect(seen[canary]).toBeLessThan(76);
    const testers = Array.from({ length: 20 }, () => ({ path: '/', headers: { 'x-canary': 'always' } }));
    expect(counts(await mesh.requests(testers))).toEqual({ [canary]: 20 });
  },

  'port-level': async (mesh) => {
    expect(inTurns(await mesh.requests(90, { target: 'shop:80' }), 3)).toBe(true);
    const calls = users.map((user) => keyedCall(mesh.target('shop:81').policy.hash, user));
    const homes = await mesh.requests(calls, { target: 'shop:81' });
    expect(await mesh.requests(calls, { target: 'shop:81' })).toEqual(homes);
  },

  'backend-utilization': async (mesh) => {
    reportLoads(mesh);
    const busy = mesh.backends.names[0] ?? '';
    // Its share is 1/7; without weights it would be exactly 1/3.
    const look = async () => (counts(await mesh.requests(350))[busy] ?? 0) < 60 || undefined;
    await poll(look, { within: 15_000, every: 50, what: 'the busy backend to get less' });
  },

  zones: async (mesh) => {
    expect(Object.keys(counts(await mesh.requests(60))).sort()).toEqual(['127.0.0.11:8080', '127.0.0.12:8080']);
  },

  gateway: async (mesh) => {
    const edge = { address: '127.0.0.1', port: 80 + mesh.portOffset };
    const host = 'shop.example.com';
    expect(mesh.backends.names).toContain((await callEdge(edge, host)).body);
    expect(await callEdge(edge, host, '/old')).toMatchObject({ status: 301, location: `http://${host}/` });
    expect(await callEdge(edge, 'other.example.com')).toMatchObject({ status: 404 });
  },

  'bookinfo-like': async (mesh) => {
    await insideTheShop(mesh);
    await mesh.close();
    await atTheEdge(await start('bookinfo-like', true));
  },

  grpc: async (mesh) => {
    const order = await overOneConnection(mesh, 90);
    expect(inTurns(order, 3)).toBe(true);
  },
};

/** Requests of one HTTP/2 connection, as a gRPC client sends them. */
async function overOneConnection(mesh: TestMesh, count: number): Promise<readonly string[]> {
  const { service, listens } = mesh.target('greeter:90');
  const session = connect(`http://${listens.address}:${listens.port}`);
  const order: string[] = [];
  for (let sent = 0; sent < count; sent++) {
    const { HTTP2_HEADER_AUTHORITY, HTTP2_HEADER_PATH } = constants;
    const stream = session.request({ [HTTP2_HEADER_AUTHORITY]: service.name, [HTTP2_HEADER_PATH]: '/' });
    order.push((await text(stream)).trim());
  }
  session.close();
  return order;
}

describe('examples', async () => {
  test.each(await exampleNames())('%s does what it promises', async (name) => {
    const promise = promises[name];
    if (promise === undefined) throw new Error(`say in this file what examples/${name} promises`);
    await promise(await start(name, name === 'gateway'));
  });
});

test('sluice demo --once plays every policy on the seed, and loses nothing', { timeout: 60_000 }, async () => {
  const demo = new Demo('--once');
  expect(await demo.status).toBe(0);
  expect(demo.out).not.toContain('✗');
  for (const policy of ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'RING_HASH by header', 'MAGLEV by cookie']) {
    expect(demo.out).toMatch(new RegExp(`Envoy's own dump.* ${policy}`));
  }
  expect(demo.out).toMatch(/\nrequests \d{4,} failed 0\n$/);
  expect(demo.out.split('\n').filter((line) => line.length > 100)).toEqual([]);
  expect(demo.errors).toMatch(/^listening xds=127\.0\.0\.1:\d+ admin=127\.0\.0\.1:\d+ outbound=127\.0\.0\.1:\d+\n$/);
});
