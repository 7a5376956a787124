// Slow start: an endpoint that joins gets little at first, and its full share in the end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTurns } from '../../src/cli/demo/statistics.ts';
import { poll } from '../../src/inject/poll.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, endpointsYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
const newcomer = backend(String(hosts[2]));
const window = 5;
let mesh: TestMesh;
let started: number;

beforeAll(async () => {
  const warmup = { duration: `${window}s`, minimumPercent: 10 };
  mesh = await TestMesh.start(shop(hosts.slice(0, 2), { simple: 'ROUND_ROBIN', warmup }));
  started = performance.now();
});
afterAll(async () => {
  await mesh.check();
  await mesh.close();
});

/** Sends requests until `enough` of what came of the last of them. */
function requestsUntil(what: string, enough: (order: readonly string[]) => boolean): Promise<true> {
  const look = async () => enough(await mesh.requests(180)) || undefined;
  return poll(look, { within: 4000 * window, every: 50, what });
}

// Envoy's schedule has no chance in it. In the first second the newcomer's weight is 0.1 to 0.2 of the others', so it
// gets 1/21 to 1/11 of the requests; without warmup it would get exactly a third.
test('a new endpoint starts with a tenth and ends with its part', async () => {
  await requestsUntil('the first two to be warm', () => performance.now() - started > 1000 * window);
  const start = performance.now();
  await mesh.apply({ 'endpoints.yaml': endpointsYaml(hosts) });
  const seen = counts(await mesh.requests(300));
  const share = (seen[newcomer] ?? 0) / 300;
  // So far had its weight come at the latest, in a line from 0.1 to 1.
  const weight = Math.max(0.1, (performance.now() - start) / 1000 / window);
  expect(share).toBeLessThan(weight / (2 + weight) + 0.02);
  expect(share).toBeGreaterThan(0.02);
  await requestsUntil('even turns', (order) => inTurns(order, 3));
  // Not before its time.
  expect(performance.now() - start).toBeGreaterThan(0.8 * 1000 * window);
});
