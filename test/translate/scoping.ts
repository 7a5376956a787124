// Arbitrary Sidecars, MeshConfig and exports, for tests of translation.
import fc from 'fast-check';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import { meshConfig, sidecar } from './objects.ts';

const hosts = fc.uniqueArray(
  fc.constantFrom(
    ...['./*', '*/*', '~/*', 'other/*', 'default/a.default.svc.cluster.local', '~other/a.other.svc.cluster.local'],
    ...['*/b.default.svc.cluster.local', '*/*.default.svc.cluster.local', 'wrong', './www.example.com'],
  ),
  { maxLength: 3 },
);
const portNumber = fc.constantFrom(80, 81, 3306);
const egress = fc.record(
  {
    hosts,
    port: portNumber.map((number): JsonObject => ({ number, protocol: 'HTTP', name: 'http' })),
    bind: fc.constantFrom('127.0.0.9', 'x'),
    captureMode: fc.constantFrom('NONE', 'IPTABLES', 'DEFAULT'),
  },
  { requiredKeys: ['hosts'] },
) as fc.Arbitrary<JsonObject>;
const ingress = fc.record(
  {
    port: fc.tuple(portNumber, fc.constantFrom('HTTP', 'TCP')).map(([number, protocol]): JsonObject => {
      return { number, protocol, name: 'x' };
    }),
    defaultEndpoint: fc.constantFrom('127.0.0.1:9000', '0.0.0.0:9001', 'unix:///run/x', 'x'),
    captureMode: fc.constantFrom('NONE', 'IPTABLES'),
  },
  { requiredKeys: ['port'] },
) as fc.Arbitrary<JsonObject>;
const outboundTrafficPolicy = fc.constantFrom<JsonObject>(
  { mode: 'REGISTRY_ONLY' },
  { mode: 'ALLOW_ANY', egressProxy: { host: 'a.other.svc.cluster.local', port: { number: 80 } } },
  { mode: 'ALLOW_ANY' },
  {},
);
const spec = fc.record(
  {
    workloadSelector: fc.constantFrom<JsonObject>({ labels: { version: 'v1' } }, { labels: { version: 1 } }),
    egress: fc.array(egress, { maxLength: 3 }),
    ingress: fc.array(ingress, { maxLength: 2 }),
    outboundTrafficPolicy,
    inboundConnectionPool: fc.constant({ tcp: { maxConnections: 2 } }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;

const mesh = fc.record(
  {
    outboundTrafficPolicy: fc.constantFrom<JsonObject>({ mode: 'REGISTRY_ONLY' }, { mode: 'SOME' }),
    connectTimeout: fc.constantFrom('3s', 'soon'),
    h2UpgradePolicy: fc.constant('UPGRADE'),
    defaultHttpRetryPolicy: fc.constant({ attempts: 5 }),
    defaultServiceExportTo: fc.constantFrom(['.'], ['*'], ['other']),
    defaultDestinationRuleExportTo: fc.constant(['.']),
    defaultVirtualServiceExportTo: fc.constantFrom(['.'], ['other']),
    rootNamespace: fc.constant('other'),
    enableAutoMtls: fc.boolean(),
    trustDomain: fc.constantFrom('example.com', 'cluster.local'),
    protocolDetectionTimeout: fc.constant('1s'),
    pathNormalization: fc.constant({ normalization: 'NONE' }),
    outboundClusterStatName: fc.constant('%SERVICE%_%SERVICE_PORT%'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;

/** A Sidecar of one of these namespaces, or MeshConfig. */
export function scoping(namespaces: readonly string[]): fc.Arbitrary<SourceObject> {
  return fc.oneof({ weight: 3, arbitrary: sidecars(namespaces) }, { weight: 1, arbitrary: mesh.map(meshConfig) });
}

const sidecars = (namespaces: readonly string[]): fc.Arbitrary<SourceObject> =>
  fc
    .record({ name: fc.constantFrom('x', 'y'), namespace: fc.constantFrom(...namespaces), spec })
    .map((each) => sidecar(each.name, each.spec, each.namespace));

/** The annotations of a Service: mostly there are none. */
export const serviceAnnotations: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constantFrom('.', 'other', '~').map((to) => ({ 'networking.istio.io/exportTo': to })) },
);
