// Connection pools and outlier detection, through a real Envoy.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { plainCall, send } from '../../src/cli/demo/traffic.ts';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, policyYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
const names = hosts.map(backend);
const [bad = ''] = names;
const loadBalancer = { simple: 'ROUND_ROBIN' };
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(hosts, loadBalancer));
});
beforeEach(() => {
  for (const name of names) mesh.backends.behave(name, { slowness: 0, status: 200 });
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

const apply = (policy: JsonObject) => mesh.apply({ 'rule.yaml': policyYaml({ loadBalancer, ...policy }) });

/** How many of requests that are all under way at once were answered, and why the others were not. */
async function atOnce(count: number) {
  const client = mesh.client();
  try {
    const answers = await send(
      client,
      Array.from({ length: count }, () => plainCall),
      count,
    );
    const reasons = answers.flatMap((answer) => (answer.kind === 'failed' ? [answer.why.split(' ', 1)[0]] : []));
    return { answered: count - reasons.length, reasons: [...new Set(reasons)] };
  } finally {
    client.close();
  }
}

test('more requests at a time than http2MaxRequests are answered with 503', async () => {
  for (const name of names) mesh.backends.behave(name, { slowness: 300 });
  expect(await atOnce(10)).toEqual({ answered: 10, reasons: [] });
  await apply({ connectionPool: { http: { http2MaxRequests: 3 } } });
  expect(await atOnce(10)).toEqual({ answered: 3, reasons: ['503'] });
});

test('a connection carries maxRequestsPerConnection requests', async () => {
  await apply({ connectionPool: { http: { maxRequestsPerConnection: 2 } } });
  await mesh.requests(12);
  const stats = await mesh.admin.stats('^cluster.outbound.80..shop.*upstream_cx_max_requests$');
  expect([...stats.values()]).toEqual([6]);
});

/** Sends requests until all of a round are answered, and none of them by `name`. */
function leftAlone(name: string): Promise<true> {
  const look = async () => {
    const client = mesh.client();
    const answers = await send(
      client,
      Array.from({ length: 12 }, () => plainCall),
      1,
    );
    client.close();
    const by = answers.flatMap((answer) => (answer.kind === 'answered' ? [answer.by] : []));
    return (by.length === answers.length && !by.includes(name)) || undefined;
  };
  return poll(look, { within: 10_000, every: 20, what: `${name} to be left alone` });
}

const ejection = { baseEjectionTime: '1h', maxEjectionPercent: 100 };

test('an endpoint with two errors in a row is left alone', async () => {
  await apply({ outlierDetection: { ...ejection, consecutive5xxErrors: 2 } });
  mesh.backends.behave(bad, { status: 500 });
  await leftAlone(bad);
  // Its answers would be good again, but its time is not up.
  mesh.backends.behave(bad, { status: 200 });
  expect(Object.keys(counts(await mesh.requests(30))).sort()).toEqual(names.slice(1).sort());
});

test('errors are the codes that the rule names', async () => {
  const codes = { outlierDetectionHttpErrorCodes: [429, 418] };
  await apply({ outlierDetection: { ...ejection, consecutive5xxErrors: 2, ...codes } });
  mesh.backends.behave(bad, { status: 429 });
  await leftAlone(bad);
});

test('limits of all kinds are taken by Envoy', async () => {
  await apply({
    connectionPool: {
      tcp: { maxConnections: 9, connectTimeout: '1s', tcpKeepalive: { probes: 3, time: '10s', interval: '2s' } },
      http: { http1MaxPendingRequests: 9, maxRetries: 2, idleTimeout: '30s' },
    },
    outlierDetection: { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 3, minHealthPercent: 10 },
    retryBudget: { percent: 25, budgetInterval: '5s', minRetryConcurrency: 1 },
  });
  expect(Object.keys(counts(await mesh.requests(30))).sort()).toEqual(names.toSorted());
});
