// Where requests go first, through a real Envoy: shares of zones, the nearest zone, and what stands in for it.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { plainCall, send } from '../../src/cli/demo/traffic.ts';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort, policyYaml } from '../harness/shop.ts';

const hosts = addresses(4, 31);
const [one = '', two = '', three = '', four = ''] = hosts.map(backend);
/** Two endpoints in each of two zones; the client is in the first. */
const nodes = ['near', 'far'] as const;
const nodeOf = (index: number): string => nodes[index < 2 ? 0 : 1];
const near = [one, two].sort();
const far = [three, four].sort();
let mesh: TestMesh;

const all = (...objects: readonly JsonObject[]): string => objects.map((each) => stringify(each)).join('---\n');

const place = all(
  ...nodes.map((name) => {
    const labels = { 'topology.kubernetes.io/region': 'eu', 'topology.kubernetes.io/zone': `eu-${name}` };
    return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
  }),
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'demo' }, spec: { nodeName: 'near' } },
);

function service(spec: JsonObject): string {
  const ports = [{ name: 'http', port: 80, targetPort: backendPort }];
  return all({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec: { ports, ...spec } });
}

function endpoints(isReady: (index: number) => boolean): string {
  return all({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: backendPort }],
    endpoints: hosts.map((host, index) => {
      return { addresses: [host], nodeName: nodeOf(index), conditions: { ready: isReady(index) } };
    }),
  });
}

interface Setting {
  readonly service?: JsonObject;
  readonly policy?: JsonObject;
  readonly isReady?: (index: number) => boolean;
}

/** All in one file: a change of one file is one change. */
const files = ({ service: spec = {}, policy = {}, isReady = () => true }: Setting = {}) => ({
  'mesh.yaml': [place, service(spec), endpoints(isReady), policyYaml(policy)].join('---\n'),
});

beforeAll(async () => {
  mesh = await TestMesh.start(files());
});
beforeEach(() => {
  for (const name of [...near, ...far]) mesh.backends.behave(name, { status: 200 });
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

const whoAnswers = async (count: number): Promise<readonly string[]> =>
  Object.keys(counts(await mesh.requests(count))).sort();

test('without a rule all zones are called; PreferClose keeps requests in the zone, as long as somebody there is ready', async () => {
  expect(await whoAnswers(60)).toEqual([...near, ...far].sort());
  const close = { trafficDistribution: 'PreferClose' };
  await mesh.apply(files({ service: close }));
  expect(await whoAnswers(60)).toEqual(near);
  await mesh.apply(files({ service: close, isReady: (index) => index >= 2 }));
  expect(await whoAnswers(60)).toEqual(far);
});

/** Sends requests until all of a round are answered by these. */
function answeredBy(names: readonly string[]): Promise<true> {
  const look = async () => {
    const client = mesh.client();
    const calls = Array.from({ length: 20 }, () => plainCall);
    const answers = await send(client, calls, 1);
    client.close();
    const by = answers.map((answer) => (answer.kind === 'answered' ? answer.by : 'nobody'));
    return JSON.stringify([...new Set(by)].sort()) === JSON.stringify(names) || undefined;
  };
  return poll(look, { within: 10_000, every: 20, what: `only ${names.join(', ')} to answer` });
}

test('outlier detection makes the nearest zone come first, and another one stand in for it when all there are bad', async () => {
  const outlierDetection = { consecutive5xxErrors: 1, baseEjectionTime: '1h', maxEjectionPercent: 100 };
  await mesh.apply(files({ policy: { outlierDetection } }));
  expect(await whoAnswers(60)).toEqual(near);
  for (const name of near) mesh.backends.behave(name, { status: 500 });
  await answeredBy(far);
});

test.each<[string, JsonObject]>([
  ['as usual', {}],
  ['by what they report of their load', { backendUtilization: {} }],
])('a distribution divides requests among zones as it says, and among the endpoints of each %s', async (_, how) => {
  const distribute = [{ from: 'eu/eu-near/*', to: { 'eu/eu-near': 20, 'eu/eu-far': 80 } }];
  await mesh.apply(files({ policy: { loadBalancer: { ...how, localityLbSetting: { distribute } } } }));
  const shares = counts(await mesh.requests(500, { atOnce: 5 }));
  const toNear = near.reduce((sum, name) => sum + (shares[name] ?? 0), 0);
  expect(Math.round(toNear / 50)).toBe(2);
});

test('failover by labels', async () => {
  const localityLbSetting = { failoverPriority: ['topology.kubernetes.io/zone=eu-far'] };
  await mesh.apply(files({ policy: { outlierDetection: {}, loadBalancer: { localityLbSetting } } }));
  expect(await whoAnswers(60)).toEqual(far);
});
