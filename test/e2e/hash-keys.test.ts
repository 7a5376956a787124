// Consistent hashing: every key that a rule can name, on both algorithms, through a real Envoy.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { policyInForce } from '../../src/cli/demo/envoy-facts.ts';
import { keyedCall } from '../../src/cli/demo/keys.ts';
import { evenBounds } from '../../src/cli/demo/statistics.ts';
import { type Call, plainCall } from '../../src/cli/demo/traffic.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { HashKey } from '../../src/model/lb-policy.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, endpointsYaml, ruleYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
const leaving = backend(String(hosts[1]));
const users = Array.from({ length: 300 }, (_, index) => `user-${index}`);
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(hosts, { consistentHash: { httpHeaderName: 'x-user' } }));
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

async function policy(consistentHash: JsonObject): Promise<string> {
  const config = await mesh.apply({ 'rule.yaml': ruleYaml({ consistentHash }) });
  return policyInForce(config, mesh.target('shop:80').cluster).lbPolicy;
}

const ask = (calls: readonly Call[]) => mesh.requests(calls, { atOnce: 8 });

/** Asks for every key twice. Without hashing the two rounds are the same with a probability of (1/3)^300. */
async function homesOf(calls: readonly Call[]): Promise<readonly string[]> {
  const homes = await ask(calls);
  expect(await ask(calls)).toEqual(homes);
  return homes;
}

/** How many of the keys that were not on the backend that leaves have moved. */
async function movedWhenOneLeaves(calls: readonly Call[], homes: readonly string[]): Promise<number> {
  await mesh.apply({ 'endpoints.yaml': endpointsYaml(hosts.filter((host) => backend(host) !== leaving)) });
  const without = await homesOf(calls);
  expect(without).not.toContain(leaving);
  await mesh.apply({ 'endpoints.yaml': endpointsYaml(hosts) });
  expect(await ask(calls)).toEqual(homes);
  return homes.filter((home, index) => home !== leaving && home !== without[index]).length;
}

const keys: Readonly<Record<string, { readonly rule: JsonObject; readonly key: HashKey }>> = {
  'a header': { rule: { httpHeaderName: 'x-user' }, key: { kind: 'header', name: 'x-user' } },
  'a cookie': {
    rule: { httpCookie: { name: 'user', ttl: '0s' } },
    key: { kind: 'cookie', name: 'user', path: '', ttl: 0, attributes: [] },
  },
  'a query parameter': { rule: { httpQueryParameterName: 'user' }, key: { kind: 'query-parameter', name: 'user' } },
};

describe.each(Object.entries(keys))('by %s', (_, { rule, key }) => {
  const calls = users.map((user) => keyedCall(key, user));

  // The three backends hold 1/3 of the ring each, give or take 0.015 (342 random points each), and 300 users are spread
  // over it at random: outside of these bounds, which leave 0.1 more to each side than chance needs, lies nothing likely.
  // A ring of 1024 points of which a third goes away gives others a sixth of its remaining keys: 33 of 200 ± 5. The
  // count is the same in every run. Hashing modulo the number of backends would move half.
  test('a ring hash keeps each on its backend, and few move when one leaves', async () => {
    expect(await policy({ ...rule, ringHash: { minimumRingSize: 1024 } })).toBe('RING_HASH');
    const homes = await homesOf(calls);
    const { least, most } = evenBounds(users.length, 3, 1e-9);
    for (const count of Object.values(counts(homes))) {
      expect(count).toBeGreaterThan(least - 30);
      expect(count).toBeLessThan(most + 30);
    }
    expect(await movedWhenOneLeaves(calls, homes)).toBeLessThan(67);
  });

  // Its large table moves next to nothing; a ring's sixth would be 33.
  test('Maglev keeps each on its backend, and next to none move when one leaves', async () => {
    expect(await policy({ ...rule, maglev: { tableSize: 65537 } })).toBe('MAGLEV');
    const homes = await homesOf(calls);
    expect(Object.keys(counts(homes))).toHaveLength(3);
    expect(await movedWhenOneLeaves(calls, homes)).toBeLessThan(10);
  });
});

/** One request without a cookie, and what Envoy gave it. */
async function firstVisit(): Promise<{ readonly by: string; readonly setCookie: string }> {
  const client = mesh.client();
  const answer = await client.call(plainCall);
  client.close();
  if (answer.kind === 'failed') throw new Error(answer.why);
  return { by: answer.by, setCookie: answer.headers['set-cookie']?.[0] ?? 'none' };
}

const cookieRules = [
  { ttl: '1h', says: /^session="?[0-9a-f]+"?; Max-Age=3600; Path=\/cart; HttpOnly$/ },
  { ttl: '0s', says: /^session="?[0-9a-f]+"?; Path=\/cart; HttpOnly$/ },
];

// 20 visitors: if the cookie decided nothing, all would come back to their backend with a probability of (1/3)^20 < 1e-9.
test.each(cookieRules)('with ttl $ttl a visitor without the cookie is given one that works', async ({ ttl, says }) => {
  await policy({ httpCookie: { name: 'session', path: '/cart', ttl } });
  for (let visitor = 0; visitor < 20; visitor++) {
    const { by, setCookie } = await firstVisit();
    expect(setCookie).toMatch(says);
    const cookie = setCookie.split(';', 1)[0] ?? '';
    expect(await mesh.requests([{ path: '/cart/1', headers: { cookie } }])).toEqual([by]);
  }
});

test('without a ttl nobody is given a cookie', async () => {
  await policy({ httpCookie: { name: 'session' } });
  expect((await firstVisit()).setCookie).toBe('none');
});

// 30 addresses, two rounds: without hashing they are the same with a probability of (1/3)^30 < 1e-14. All 30 on one
// backend by chance: 3 · (1/3)^30.
test('by source IP each client keeps its backend', async () => {
  await policy({ useSourceIp: true });
  const round = async (): Promise<readonly string[]> => {
    const homes: string[] = [];
    for (const from of addresses(30, 100)) homes.push(...(await mesh.requests(2, { from })));
    return homes;
  };
  const homes = await round();
  expect(await round()).toEqual(homes);
  expect(homes.every((home, index) => home === homes[index - (index % 2)])).toBe(true);
  expect(Object.keys(counts(homes)).length).toBeGreaterThan(1);
});

// 100 requests: all on one backend by chance in 3 · (1/3)^100 of the runs.
test('a request without the key goes anywhere', async () => {
  await policy({ httpHeaderName: 'x-user' });
  expect(Object.keys(counts(await mesh.requests(100)))).toHaveLength(3);
});
