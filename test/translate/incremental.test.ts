// What comes of a long run of changes is what a fresh start would give, whatever the order of the input; and a change
// costs what it touches.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { encoded } from '../../src/envoy/resource.ts';
import { resourceKinds } from '../../src/envoy/types.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { ObjectId, ObjectSet, SourceObject } from '../../src/model/object.ts';
import type { CertificateSource, ProxyNode } from '../../src/model/proxy.ts';
import { Translator } from '../../src/translate/translator.ts';
import { entryObject } from './arbitrary-entries.ts';
import { exportTo, routed } from './arbitrary-routes.ts';
import { securityObject } from './arbitrary-security.ts';
import { anyGateway, gatewayNodes } from './gateway-objects.ts';
import { destinationRule, node, objectSet, pod, service, slice, virtualService } from './objects.ts';
import { scoping, serviceAnnotations } from './scoping.ts';

const files: CertificateSource = { kind: 'files', chain: '/chain', key: '/key', root: '/root' };
const nodes: readonly ProxyNode[] = [
  proxyNode({ namespace: 'default' }),
  proxyNode({ namespace: 'other', interception: 'NONE', portOffset: 10000 }),
  proxyNode({ namespace: 'default', name: 'pod-10.0.0.1', ip: '10.0.0.1' }),
  ...gatewayNodes,
  proxyNode({ namespace: 'default', generator: 'grpc' }),
  proxyNode({ namespace: 'default', locality: { region: 'us', zone: 'a', subZone: '' } }),
  proxyNode({ namespace: 'default', name: 'pod-10.0.0.1', ip: '10.0.0.1', selfDiscovery: true }),
  proxyNode({ namespace: 'default', certificates: { client: files, server: files } }),
];

/** All that proxies get and all that is said, as text. */
function translate(translator: Translator, objects: ObjectSet): string {
  const { value: mesh, diagnostics } = translator.resolve(objects);
  const said: Diagnostic[] = [...diagnostics];
  const lines = nodes.flatMap((node) => {
    const { value, diagnostics: emitted } = translator.emit(mesh, translator.group(mesh, node));
    said.push(...emitted);
    return resourceKinds.flatMap((kind) =>
      [...value[kind].values()].map(({ name, version, json }) => `${kind} ${name} ${version} ${JSON.stringify(json)}`),
    );
  });
  const spoken = said.map(({ code, object, path, message }) => JSON.stringify([code, object, path, message]));
  return [...lines, ...spoken.sort()].join('\n');
}

const names = ['a', 'b', 'c'] as const;
const namespaces = ['default', 'other', 'istio-system'] as const;
const name = fc.constantFrom(...names);
const namespace = fc.constantFrom(...namespaces);
const portName = fc.constantFrom('http', 'tcp', 'grpc', 'tls', 'x', '');
const port = fc.record({ name: portName, port: fc.constantFrom(80, 81, 3306) }) as fc.Arbitrary<JsonObject>;
const ports = fc.uniqueArray(port, { maxLength: 2, selector: (each) => each['port'] });
const nodeName = fc.constantFrom('node-1', 'node-2');
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '127.0.0.1');
const loadBalancer = fc.constantFrom<JsonObject>(
  { simple: 'ROUND_ROBIN' },
  { simple: 'RANDOM' },
  { simple: 'PASSTHROUGH' },
  { simple: 'WRONG' },
  { consistentHash: { httpHeaderName: 'x' } },
  { consistentHash: { useSourceIp: true, maglev: { tableSize: 101 } } },
  { warmup: { duration: '5s' } },
  { localityLbSetting: { distribute: [{ from: 'eu', to: { eu: 70, us: 30 } }] } },
  {
    localityLbSetting: {
      failoverPriority: ['version', 'kubernetes.io/hostname'],
      failover: [{ from: 'eu', to: 'us' }],
    },
  },
  { localityLbSetting: { enabled: false } },
  { zoneAwareLbSetting: { minClusterSize: 1 } },
);
const connectionPool = fc.constantFrom<JsonObject>(
  { tcp: { maxConnections: 3, idleTimeout: '5s' } },
  { http: { h2UpgradePolicy: 'UPGRADE', maxConcurrentStreams: 2 } },
  { http: { useClientProtocol: true, maxRetries: 0 } },
  { tcp: { connectTimeout: 'soon' } },
);
const outlierDetection = fc.constantFrom<JsonObject>(
  {},
  { consecutive5xxErrors: 3, minHealthPercent: 20 },
  { outlierDetectionHttpErrorCodes: [503, 429] },
);
const tls = fc.constantFrom<JsonObject>(
  { mode: 'DISABLE' },
  { mode: 'SIMPLE', sni: 'x' },
  { mode: 'ISTIO_MUTUAL' },
  { mode: 'MUTUAL' },
);
const blocks = { loadBalancer, connectionPool, outlierDetection, tls };
const level = fc
  .tuple(fc.record(blocks, { requiredKeys: [] }), fc.constantFrom(80, 3306))
  .map(([each, number]) => ({ ...each, port: { number } })) as fc.Arbitrary<JsonObject>;
const policy = fc.record(
  {
    ...blocks,
    portLevelSettings: fc.array(level, { maxLength: 1 }),
    tunnel: fc.constant({ targetHost: 'x', targetPort: 1 }),
    proxyProtocol: fc.constant({ version: 'V2' }),
    retryBudget: fc.constant({ percent: 5 }),
  },
  { requiredKeys: ['loadBalancer'] },
) as fc.Arbitrary<JsonObject>;
const annotations = fc.constantFrom<JsonObject>(
  {},
  { 'sluice.dev/choice-count': '4', 'sluice.dev/hash-balance-factor': '150' },
  { 'sluice.dev/maximum-ring-size': '99', 'sluice.dev/hash-function': 'MURMUR_HASH_2' },
  { 'sluice.dev/hash-endpoints-by': 'pod-name', 'sluice.dev/health-check': 'http:/x' },
  { 'sluice.dev/choice-count': 'all' },
  { 'sluice.dev/hash-keys': 'header:x else cookie:y and source-ip' },
  { 'sluice.dev/health-check': 'grpc', 'sluice.dev/health-check-interval': '1s' },
);
const subset = fc.record({
  name: fc.constantFrom('v1', 'v2'),
  labels: fc.constantFrom<JsonObject>({ version: 'v1' }, { version: 'v2' }),
  trafficPolicy: policy,
}) as fc.Arbitrary<JsonObject>;
const host = fc.constantFrom(
  ...['a', 'b', 'a.default.svc.cluster.local', '*.svc.cluster.local', 'nobody', 'api.example.com', '*.example.com'],
);
const object: fc.Arbitrary<SourceObject> = fc.oneof(
  anyGateway,
  { weight: 2, arbitrary: entryObject },
  fc
    .record({ name: fc.constantFrom('v1', 'v2', 'v3'), namespace, spec: routed })
    .map((rule) => virtualService(rule.name, rule.spec, rule.namespace)),
  scoping(namespaces),
  securityObject(namespaces),
  fc
    .record({
      name,
      namespace,
      ports,
      annotations: serviceAnnotations,
      ip: fc.constantFrom('None', '', '10.9.0.1', '10.9.0.2'),
      near: fc.constantFrom(null, null, 'PreferClose', 'PreferSameNode'),
      selector: fc.constantFrom(null, { version: 'v1' }),
    })
    .map(({ ip, near: trafficDistribution, selector, ...options }) =>
      service({ ...options, spec: { trafficDistribution, selector, ...(ip !== '' && { clusterIP: ip }) } }),
    ),
  fc
    .record({ of: nodeName, region: fc.constantFrom('eu', 'us'), zone: fc.constantFrom('a', 'b') })
    .map(({ of, region, zone }) =>
      node(of, { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': zone }),
    ),
  fc
    .record({
      name,
      namespace,
      externalName: fc.constantFrom('a.default.svc.cluster.local', 'b.default.svc.cluster.local'),
    })
    .map(({ externalName, ...options }) =>
      service({ ...options, ports: [], spec: { type: 'ExternalName', externalName } }),
    ),
  fc
    .record({ service: name, namespace, addresses: fc.uniqueArray(address), ports, name: fc.constantFrom('s1', 's2') })
    .map((options) => slice(options)),
  fc
    .record({
      name,
      namespace,
      spec: fc.record(
        {
          host,
          exportTo,
          trafficPolicy: policy,
          subsets: fc.array(subset, { maxLength: 2 }),
          workloadSelector: fc.constantFrom<JsonObject>({ matchLabels: { version: 'v1' } }, { matchLabels: {} }),
        },
        { requiredKeys: ['host', 'exportTo', 'trafficPolicy', 'subsets'] },
      ),
      annotations,
    })
    .map((rule) => destinationRule(rule.name, rule.spec as unknown as JsonObject, rule.namespace, rule.annotations)),
  fc
    .record({
      ip: address,
      version: fc.constantFrom('v1', 'v2'),
      namespace,
      account: fc.constantFrom('x', 'y'),
      injected: fc.boolean(),
      on: nodeName,
    })
    .map(({ ip, version, injected, account, on, namespace: of }) => {
      const labels = injected ? { version, 'security.istio.io/tlsMode': 'istio' } : { version };
      return pod(`pod-${ip}`, ip, labels, of, account, on);
    }),
);

type Step = { readonly apply: SourceObject } | { readonly remove: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: object.map((apply) => ({ apply })) },
  { weight: 1, arbitrary: fc.nat({ max: 20 }).map((remove) => ({ remove })) },
);

function change(objects: Map<ObjectId, SourceObject>, next: Step): void {
  if ('apply' in next) objects.set(next.apply.id, next.apply);
  else {
    const id = [...objects.keys()][next.remove];
    if (id !== undefined) objects.delete(id);
  }
}

describe('translation', () => {
  test('R-69: after any run of changes the result is that of a fresh start, in any order of the input', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.array(fc.nat(), { maxLength: 30 }), (steps, shuffle) => {
        const incremental = new Translator({ allowLoopbackEndpoints: false });
        const objects = new Map<ObjectId, SourceObject>();
        for (const each of steps) {
          change(objects, each);
          translate(incremental, new Map(objects));
        }
        const shuffled = [...objects.values()]
          .map((each, index) => [shuffle[index] ?? index, each] as const)
          .sort(([a], [b]) => a - b)
          .map(([, each]) => each);
        const fresh = translate(new Translator({ allowLoopbackEndpoints: false }), objectSet(shuffled));
        expect(translate(incremental, new Map(objects))).toBe(fresh);
      }),
      { numRuns: 300 },
    );
  });

  test('one endpoint changed among a hundred services re-encodes one resource, and all else is the same object', () => {
    const http = [{ name: 'http', port: 80 }];
    const count = 100;
    const all = Array.from({ length: count }, (_, i) => [
      service({ name: `s${i}`, ports: http }),
      slice({ service: `s${i}`, addresses: [`10.0.${i}.1`, `10.0.${i}.2`], ports: http }),
      destinationRule(`s${i}`, { host: `s${i}`, trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } }),
    ]).flat();
    const translator = new Translator({ allowLoopbackEndpoints: false });
    const first = translator.resolve(objectSet(all)).value;
    const node = proxyNode({});
    const before = translator.emit(first, translator.group(first, node)).value;
    const start = encoded.messages;
    const second = translator.resolve(
      objectSet([...all, slice({ service: 's7', addresses: ['10.0.7.1', '10.0.7.3'], ports: http })]),
    ).value;
    const after = translator.emit(second, translator.group(second, node)).value;
    expect(encoded.messages - start).toBe(1);
    expect([after.cluster, after.listener, after.route]).toEqual([before.cluster, before.listener, before.route]);
    expect(after.cluster).toBe(before.cluster);
    expect(after.listener).toBe(before.listener);
    expect(after.route).toBe(before.route);
    const changed = [...after.endpoint].filter(([name, resource]) => before.endpoint.get(name) !== resource);
    expect(changed.map(([name]) => name)).toEqual(['outbound|80||s7.default.svc.cluster.local']);
  });
});
