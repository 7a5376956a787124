// Each simple algorithm, told from all others by real traffic through a real Envoy.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { policyInForce } from '../../src/cli/demo/envoy-facts.ts';
import { atMost, evenBounds, inTurns, repeats } from '../../src/cli/demo/statistics.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, ruleYaml, shop } from '../harness/shop.ts';

/** A test that depends on chance fails by chance less often than this. */
const falseAlarm = 1e-9;
const hosts = addresses(3);
const [first, slow, third] = hosts.map(backend) as [string, string, string];

let mesh: TestMesh;

async function policy(loadBalancer: JsonObject): Promise<string> {
  const config = await mesh.apply({ 'rule.yaml': ruleYaml(loadBalancer) });
  return policyInForce(config, mesh.target('shop:80').cluster).lbPolicy;
}

async function withSlowOne(count: number): Promise<Readonly<Record<string, number>>> {
  mesh.backends.behave(slow, { slowness: 50 });
  const order = await mesh.requests(count, { atOnce: 8 });
  mesh.backends.behave(slow, { slowness: 0 });
  return counts(order);
}

describe.each(['delta', 'sotw'] as const)('over %s ADS', (protocol) => {
  beforeAll(async () => {
    mesh = await TestMesh.start(shop(hosts, { simple: 'ROUND_ROBIN' }), { protocol });
  });
  afterEach(() => mesh.check());
  afterAll(() => mesh.close());

  // No chance in it: RANDOM and LEAST_REQUEST would pass with a probability of (2/9)^199.
  test('ROUND_ROBIN takes exact turns', async () => {
    const order = await mesh.requests(600);
    expect(inTurns(order, 3)).toBe(true);
    expect(counts(order)).toEqual({ [first]: 200, [slow]: 200, [third]: 200 });
  });

  // Both of the two picks are the slow one in 1/9 of the cases; where one is, it is asked only if it is idle, which at
  // 50 ms to under 1 ms it hardly ever is. At a share of 0.15 more than 266 of 1200 come by chance in 1e-12 of the runs.
  // A blind policy gives it 400, and at most 266 in less than 1e-15 of the runs.
  test('LEAST_REQUEST spares a slow backend', async () => {
    expect(await policy({ simple: 'LEAST_REQUEST' })).toBe('LEAST_REQUEST');
    const limit = 266;
    expect(1 - atMost(limit, 1200, 0.15)).toBeLessThan(falseAlarm);
    expect(atMost(limit, 1200, 1 / 3)).toBeLessThan(1e-15);
    const seen = await withSlowOne(1200);
    expect(seen[slow]).toBeLessThanOrEqual(limit);
  });

  // Each of the two assertions fails by chance in at most 1e-9 of the runs. Turns have no repeats, so ROUND_ROBIN fails
  // the second; LEAST_REQUEST gives the slow one too little for the first.
  test('RANDOM spreads evenly, in no order, blind to who is slow', async () => {
    expect(await policy({ simple: 'RANDOM' })).toBe('RANDOM');
    const { least, most } = evenBounds(1200, 3, falseAlarm);
    expect(least).toBeGreaterThan(266);
    for (const count of Object.values(await withSlowOne(1200))) {
      expect(count).toBeGreaterThanOrEqual(least);
      expect(count).toBeLessThanOrEqual(most);
    }
    const again = repeats(await mesh.requests(601));
    const chance = evenBounds(600, 3, falseAlarm);
    // Turns have none, and would not pass.
    expect(chance.least).toBeGreaterThan(0);
    expect(again).toBeGreaterThanOrEqual(chance.least);
    expect(again).toBeLessThanOrEqual(chance.most);
  });

  test('without a rule it is LEAST_REQUEST, as in Istio', async () => {
    const config = await mesh.apply({ 'rule.yaml': null });
    expect(policyInForce(config, mesh.target('shop:80').cluster).lbPolicy).toBe('LEAST_REQUEST');
    const seen = await withSlowOne(1200);
    expect(seen[slow]).toBeLessThanOrEqual(266);
  });

  test('an endpoint that joins gets its turns at once', async () => {
    const [fourth] = addresses(1, 14).map(backend);
    await mesh.apply({ ...shop([...hosts, ...addresses(1, 14)], { simple: 'ROUND_ROBIN' }) });
    const order = await mesh.requests(400);
    expect(inTurns(order, 4)).toBe(true);
    expect(counts(order)[String(fourth)]).toBe(100);
  });
});
