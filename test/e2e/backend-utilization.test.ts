// Weights from what backends report of their load (ORCA headers).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyInForce } from '../../src/cli/demo/envoy-facts.ts';
import { loadHeaders } from '../../src/cli/demo/loads.ts';
import { poll } from '../../src/inject/poll.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, ruleYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3).map(backend);
const busy = String(hosts[0]);
const settings = { weightStabilizationPeriod: '0.2s', weightUpdatePeriod: '0.2s' };
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(addresses(3), { backendUtilization: settings }));
});
afterAll(async () => {
  await mesh.check();
  await mesh.close();
});

/** Sends requests until the busy backend gets this share of 350, give or take 0.02. The schedule has no chance in it. */
function shareBecomes(wanted: number): Promise<true> {
  const look = async () => {
    const share = (counts(await mesh.requests(350))[busy] ?? 0) / 350;
    return Math.abs(share - wanted) < 0.02 || undefined;
  };
  return poll(look, { within: 15_000, every: 50, what: `a share of ${wanted}` });
}

test('a backend that reports three times the load gets a third of what the others get', async () => {
  const config = await mesh.config;
  const { lbPolicy } = policyInForce(config, mesh.target('shop:80').cluster);
  expect(lbPolicy).toBe('client_side_weighted_round_robin');
  for (const host of hosts) mesh.backends.behave(host, { headers: loadHeaders(0.3, 100) });
  await shareBecomes(1 / 3);
  mesh.backends.behave(busy, { headers: loadHeaders(0.9, 100) });
  await shareBecomes(1 / 7);
});

test('a named metric decides where the rule says so', async () => {
  const report = (load: number) => ({ 'endpoint-load-metrics': `TEXT named_metrics.queue=${load},rps_fractional=100` });
  for (const host of hosts) mesh.backends.behave(host, { headers: report(host === busy ? 0.8 : 0.2) });
  const metricNamesForComputingUtilization = ['named_metrics.queue'];
  await mesh.apply({
    'rule.yaml': ruleYaml({ backendUtilization: { ...settings, metricNamesForComputingUtilization } }),
  });
  await shareBecomes(1 / 9);
});
