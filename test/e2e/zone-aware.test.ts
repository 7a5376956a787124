// Zone-aware balancing through a real Envoy that knows its place, and from Sluice where others of its own service are.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort, policyYaml } from '../harness/shop.ts';

const [client = '', colleague = '', ...hosts] = addresses(6, 51);
const near = hosts.slice(0, 2).map(backend).sort();
const far = hosts.slice(2).map(backend).sort();
const locality = { region: 'eu', zone: 'eu-near', subZone: '' };
let mesh: TestMesh;

const all = (...objects: readonly JsonObject[]): string => objects.map((each) => stringify(each)).join('---\n');

const place = all(
  ...['near', 'far'].map((name) => {
    const labels = { 'topology.kubernetes.io/region': 'eu', 'topology.kubernetes.io/zone': `eu-${name}` };
    return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
  }),
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'demo' },
    spec: { nodeName: 'near' },
    status: { podIP: client },
  },
);

/** A service whose endpoints are on these nodes. */
function service(name: string, number: number, endpoints: readonly (readonly [string, string])[]): string {
  return all(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { ports: [{ name: 'http', port: number, targetPort: backendPort }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: backendPort }],
      endpoints: endpoints.map(([host, nodeName]) => ({ addresses: [host], nodeName })),
    },
  );
}

const shop = service(
  'shop',
  80,
  hosts.map((host, index) => [host, index < 2 ? 'near' : 'far']),
);
const alone = service('callers', 81, [[client, 'near']]);
const balanced = service('callers', 81, [
  [client, 'near'],
  [colleague, 'far'],
]);

interface Setting {
  readonly callers: string;
  readonly rule: JsonObject;
}

/** All in one file: a change of one file is one change. */
const files = ({ callers, rule }: Setting) => ({
  'mesh.yaml': [place, shop, callers, policyYaml({ loadBalancer: { zoneAwareLbSetting: rule } })].join('---\n'),
});

beforeAll(async () => {
  mesh = await TestMesh.start(files({ callers: balanced, rule: {} }), { locality });
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

const answers = async () => counts(await mesh.requests(200, { target: 'shop:80', atOnce: 5 }));

test('a zone with as large a share of the servers as of the clients keeps its requests', async () => {
  expect(Object.keys(await answers()).sort()).toEqual([...near, ...far].sort());
  await mesh.apply(files({ callers: balanced, rule: { minClusterSize: 2 } }));
  expect(Object.keys(await answers()).sort()).toEqual(near);
});

test('a zone that has all of the clients and half of the servers gives the other half of its requests away', async () => {
  await mesh.apply(files({ callers: alone, rule: { minClusterSize: 2 } }));
  const found = await answers();
  const kept = near.reduce((sum, name) => sum + (found[name] ?? 0), 0);
  expect(Math.round(kept / 40)).toBeGreaterThanOrEqual(2);
  expect(Math.round(kept / 40)).toBeLessThanOrEqual(3);
});

test('switched off, all zones are called alike', async () => {
  await mesh.apply(files({ callers: balanced, rule: { enabled: false, minClusterSize: 2 } }));
  expect(Object.keys(await answers()).sort()).toEqual([...near, ...far].sort());
});
