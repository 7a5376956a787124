// an Envoy that is two minor versions older takes all that is made for it.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/lib/json.ts';
import { exampleNames, examplesFolder, TestMesh } from '../harness/mesh.ts';
import { addresses, ruleYaml, shop } from '../harness/shop.ts';

const [envoy] = globSync(join(import.meta.dirname, '../../build/older-envoy/lib/*/site-packages/envoy/_bin/envoy'));

const policies: readonly JsonObject[] = [
  { simple: 'ROUND_ROBIN', warmup: { duration: '10s', aggression: 2, minimumPercent: 20 } },
  { simple: 'LEAST_REQUEST', warmup: { duration: '10s' } },
  { simple: 'RANDOM' },
  { consistentHash: { httpHeaderName: 'x-user', ringHash: { minimumRingSize: 2048 } } },
  { consistentHash: { httpQueryParameterName: 'user', maglev: { tableSize: 101 } } },
  { consistentHash: { useSourceIp: true } },
  {
    consistentHash: {
      httpCookie: { name: 'user', ttl: '60s', path: '/', attributes: [{ name: 'SameSite', value: 'Lax' }] },
    },
  },
  {
    backendUtilization: {
      weightStabilizationPeriod: '1s',
      weightExpirationPeriod: '60s',
      weightUpdatePeriod: '1s',
      errorUtilizationPenaltyPercent: 100,
      metricNamesForComputingUtilization: ['named_metrics.queue'],
    },
  },
];

let mesh: TestMesh;

/** The mesh of a test, on the older Envoy. */
async function onOlder(files: Parameters<typeof TestMesh.start>[0]): Promise<TestMesh> {
  if (envoy === undefined) throw new Error("there is no older Envoy: run 'make test', which fetches it");
  return TestMesh.start(files, { envoy });
}

beforeAll(async () => {
  mesh = await onOlder(shop(addresses(2), null));
});
afterAll(() => mesh.close());

test('R-51: it is older', async () => {
  expect((await mesh.admin.page('/server_info')).text).toContain('/1.38.');
});

test('R-51: every way of balancing is taken, and answers', async () => {
  for (const loadBalancer of policies) {
    await mesh.apply({ 'rule.yaml': ruleYaml(loadBalancer) });
    expect(mesh.diagnostics).toEqual([]);
    expect(await mesh.requests(4)).toHaveLength(4);
  }
  await mesh.check();
});

test('R-51: what the examples need is taken, gRPC, TCP and subsets among it', async () => {
  for (const example of await exampleNames()) {
    const other = await onOlder(join(examplesFolder, example));
    await other.check();
    await other.close();
  }
});
