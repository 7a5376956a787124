// Edits of the policy while requests go on: none of them is lost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Background } from '../../src/cli/demo/background.ts';
import { policyInForce } from '../../src/cli/demo/envoy-facts.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { TestMesh } from '../harness/mesh.ts';
import { addresses, ruleYaml, shop } from '../harness/shop.ts';

const edits = 200;
const policies: readonly (readonly [string, JsonObject])[] = [
  ['LEAST_REQUEST', { simple: 'LEAST_REQUEST' }],
  ['RANDOM', { simple: 'RANDOM' }],
  ['RING_HASH', { consistentHash: { httpHeaderName: 'x-user' } }],
  ['MAGLEV', { consistentHash: { httpCookie: { name: 'user', ttl: '1h' }, maglev: {} } }],
  ['ROUND_ROBIN', { simple: 'ROUND_ROBIN' }],
];
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(addresses(3), { simple: 'ROUND_ROBIN' }));
});
afterAll(async () => {
  await mesh.check();
  await mesh.close();
});

test(`${edits} edits under load lose no request`, { timeout: 120_000 }, async () => {
  const clients = Array.from({ length: 4 }, () => mesh.client());
  const traffic = clients.map((client) => new Background(client, 1));
  const { cluster } = mesh.target('shop:80');
  for (let edit = 0; edit < edits; edit++) {
    const [name, loadBalancer] = policies[edit % policies.length] ?? ['', {}];
    const config = await mesh.apply({ 'rule.yaml': ruleYaml(loadBalancer) });
    expect(policyInForce(config, cluster).lbPolicy).toBe(name);
  }
  const losses = await Promise.all(traffic.map((each) => each.stop()));
  for (const client of clients) client.close();
  expect(losses.flatMap(({ reasons }) => reasons)).toEqual([]);
  expect(losses.reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
  // The load was real, and so were the edits.
  expect(losses.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThan(5 * edits);
  const [changed = 0] = (await mesh.admin.stats('^cluster_manager\\.cluster_modified$')).values();
  expect(changed).toBeGreaterThanOrEqual(edits);
});
