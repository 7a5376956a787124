// What annotations of a DestinationRule do to the requests of a real Envoy.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keyedCall } from '../../src/cli/demo/keys.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, endpointsYaml, policyYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
const userHash: JsonObject = { httpHeaderName: 'x-user' };
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(hosts, { simple: 'RANDOM' }));
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

const apply = (hash: JsonObject, annotations: JsonObject) =>
  mesh.apply({ 'rule.yaml': policyYaml({ loadBalancer: { consistentHash: hash } }, annotations) });

/** How many requests each backend gets, the most first. */
async function shares(users: number, calls: number, atOnce: number): Promise<readonly number[]> {
  const each = Array.from({ length: calls }, (_, index) =>
    keyedCall({ kind: 'header', name: 'x-user' }, `user-${index % users}`),
  );
  return Object.values(counts(await mesh.requests(each, { atOnce }))).sort((a, b) => b - a);
}

test.each([
  ['a ring', {}],
  ['a table', { maglev: {} }],
] as const)(
  'the requests of one busy user stay together on %s, and with a balance factor others help out',
  async (_, table) => {
    for (const host of hosts) mesh.backends.behave(backend(host), { slowness: 20 });
    await apply({ ...userHash, ...table }, {});
    expect(await shares(1, 60, 12)).toEqual([60]);
    await apply({ ...userHash, ...table }, { 'sluice.dev/hash-balance-factor': '100' });
    const [first = 0, ...others] = await shares(1, 60, 12);
    expect(others).toHaveLength(2);
    expect(first).toBeLessThan(40);
    for (const host of hosts) mesh.backends.behave(backend(host), { slowness: 0 });
  },
);

test('another hash function sends users elsewhere, and each user still to one backend', async () => {
  const usersByBackend = async () => {
    const calls = Array.from({ length: 60 }, (_, index) =>
      keyedCall({ kind: 'header', name: 'x-user' }, `user-${index % 30}`),
    );
    const answers = await mesh.requests(calls);
    expect(answers.slice(30)).toEqual(answers.slice(0, 30));
    return answers;
  };
  await apply(userHash, {});
  const before = await usersByBackend();
  await apply(userHash, { 'sluice.dev/hash-function': 'MURMUR_HASH_2' });
  expect(await usersByBackend()).not.toEqual(before);
});

test('the smallest ring has a place for each backend; a large one has shares that are even', async () => {
  const spread = async (annotations: JsonObject) => {
    await apply(userHash, annotations);
    const found = await shares(600, 600, 8);
    return (found[0] ?? 0) - (found.at(-1) ?? 0);
  };
  const small = await spread({ 'sluice.dev/minimum-ring-size': '1', 'sluice.dev/maximum-ring-size': '3' });
  const large = await spread({ 'sluice.dev/minimum-ring-size': '50000' });
  expect(large).toBeLessThan(80);
  expect(small).toBeGreaterThan(large);
});

test('with many choices a slow backend gets no second request while others have none', async () => {
  const [slow = ''] = hosts.map(backend);
  mesh.backends.behave(slow, { slowness: 300 });
  const toSlow = async (choices: string) => {
    const policy = { loadBalancer: { simple: 'LEAST_REQUEST' } };
    await mesh.apply({ 'rule.yaml': policyYaml(policy, { 'sluice.dev/choice-count': choices }) });
    return counts(await mesh.requests(60, { atOnce: 2 }))[slow] ?? 0;
  };
  const ofTwo = await toSlow('2');
  const ofMany = await toSlow('50');
  expect(ofMany).toBeLessThan(ofTwo);
  expect(await toSlow('all')).toBeLessThan(ofTwo);
  mesh.backends.behave(slow, { slowness: 0 });
});

test.each([
  ['a ring', {}],
  ['a table', { maglev: {} }],
] as const)('on %s of Pod names users stay with a Pod whose address changes', async (_, table) => {
  const pods = ['shop-0', 'shop-1', 'shop-2'];
  const calls = Array.from({ length: 90 }, (_each, index) =>
    keyedCall({ kind: 'header', name: 'x-user' }, `user-${index}`),
  );
  const moved = [...hosts.slice(0, 2), ...addresses(1, 41)];
  /** The Pods of the users, with one of the Pods here and then there. */
  const places = async (annotations: JsonObject) => {
    const rule = policyYaml({ loadBalancer: { consistentHash: { ...userHash, ...table } } }, annotations);
    const found = [];
    for (const addressed of [hosts, moved]) {
      await mesh.apply({ 'endpoints.yaml': endpointsYaml(addressed, undefined, pods), 'rule.yaml': rule });
      const answers = await mesh.requests(calls, { atOnce: 8 });
      found.push(answers.map((who) => pods[addressed.findIndex((each) => backend(each) === who)]));
    }
    return found;
  };
  const [first, second] = await places({});
  expect(second).not.toEqual(first);
  const [before, after] = await places({ 'sluice.dev/hash-endpoints-by': 'pod-name' });
  expect(new Set(before).size).toBe(3);
  expect(after).toEqual(before);
  await mesh.apply({ 'endpoints.yaml': endpointsYaml(hosts) });
});

test('a key after "else" counts where the first one is not there, and one after "and" always', async () => {
  const asking = (headers: (index: number) => Readonly<Record<string, string>>) =>
    mesh.requests(
      Array.from({ length: 90 }, (_, index) => ({ path: '/', headers: headers(index) })),
      { atOnce: 8 },
    );
  const known = () => asking((index) => ({ 'x-user': `user-${index}` }));
  const both = () => asking((index) => ({ 'x-user': `user-${index}`, cookie: `session=${index}` }));
  const unknown = () => asking((index) => ({ cookie: `session=${index}` }));
  await apply(userHash, { 'sluice.dev/hash-keys': 'header:x-user else cookie:session' });
  const homes = await known();
  expect(new Set(homes).size).toBe(3);
  expect(await both()).toEqual(homes);
  expect(await unknown()).toEqual(await unknown());
  await apply(userHash, { 'sluice.dev/hash-keys': 'header:x-user and cookie:session' });
  expect(await known()).toEqual(homes);
  const together = await both();
  expect(together).not.toEqual(homes);
  expect(await both()).toEqual(together);
});
