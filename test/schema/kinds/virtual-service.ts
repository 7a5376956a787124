// VirtualService: what its fields need beside them.
import type { JsonObject } from '../../../src/lib/json.ts';
import type { Context, KindCase } from '../kind-case.ts';

const versions = (host: string): JsonObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: host },
  spec: { host, subsets: [{ name: 'v1', labels: { version: 'v1' } }] },
});
const delegated = (namespace: string, timeout: string): JsonObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'delegated', namespace },
  spec: { http: [{ timeout, route: [{ destination: { host: 'shop.default.svc.cluster.local' } }] }] },
});

const edge: JsonObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'edge' },
  spec: { servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
};

const instead = { route: null };
const actions: readonly Context[] = [
  { for: 'http[].delegate', at: 'http[]', put: instead },
  { for: 'http[].delegate.name', value: 'delegated' },
  { for: 'http[].delegate.namespace', at: 'http[].delegate', put: { name: 'delegated' } },
  { for: 'http[].delegate.namespace', value: 'other' },
  { for: 'http[].directResponse', at: 'http[]', put: { ...instead, directResponse: { status: 200 } } },
  { for: 'http[].directResponse.status', value: 404 },
  { for: 'http[].directResponse.body.bytes', value: 'eA==' },
  { for: 'http[].redirect', at: 'http[]', put: { ...instead, redirect: { authority: 'a' } } },
  { for: 'http[].redirect.prefixRewrite', at: 'http[]', put: { match: [{ uri: { prefix: '/a' } }] } },
  { for: 'http[].redirect.prefixRewrite', value: '/b' },
  { for: 'http[].redirect.redirectCode', value: 308 },
  { for: 'http[].redirect.scheme', value: 'https' },
  { for: 'http[].rewrite.uriRegexRewrite', put: { match: 'a', rewrite: 'b' } },
];

const policies: readonly Context[] = [
  { for: 'http[].fault.abort', put: { httpStatus: 500, percentage: { value: 50 } } },
  { for: 'http[].fault.abort.grpcStatus', at: 'http[].fault.abort', put: { httpStatus: null } },
  { for: 'http[].fault.abort.grpcStatus', value: 'UNAVAILABLE' },
  { for: 'http[].fault.abort.httpStatus', value: 503 },
  { for: 'http[].fault.delay', put: { fixedDelay: '5s', percentage: { value: 50 } } },
  { for: 'http[].fault.delay.percent', at: 'http[].fault.delay', put: { percentage: null } },
  { for: 'http[].fault.delay.percent', says: 'SLC0110' },
  { for: 'http[].mirrors[]', put: { destination: { host: 'shop', port: { number: 80 } } } },
  { for: 'http[].retries', put: { attempts: 2 } },
  { for: 'http[].retries.retryOn', value: '5xx' },
  ...['mirror', 'mirror_percent', 'mirrorPercent', 'mirrorPercentage'].map((field): Context => {
    return { for: `http[].${field}`, at: 'http[]', put: { mirror: { host: 'shop' } } };
  }),
];

/** Where destinations stand, with another host to name and another port. */
const destinations = [
  { place: 'http[].route[].destination', host: 'cart', port: 81 },
  { place: 'http[].mirror', host: 'cart', port: 81 },
  { place: 'http[].mirrors[].destination', host: 'cart', port: 81 },
  { place: 'tcp[].route[].destination', host: 'queue', port: 3307 },
  { place: 'tls[].route[].destination', host: 'bank', port: 8443 },
];
const places: readonly Context[] = destinations.flatMap(({ place, host, port }): Context[] => [
  { for: `${place}.host`, value: host },
  { for: `${place}.subset`, value: 'v1' },
  { for: `${place}.port.number`, value: port },
]);

const weighted = (host: string): JsonObject => ({
  route: [
    { destination: { host }, weight: 1 },
    { destination: { host, subset: 'v1' }, weight: 1 },
  ],
});

const connections: readonly Context[] = [
  { for: 'tcp[]', at: '', put: { hosts: ['db'], http: null } },
  { for: 'tcp[]', put: { route: [{ destination: { host: 'db' } }] } },
  { for: 'tcp[].route[].weight', at: 'tcp[]', put: weighted('db') },
  { for: 'tcp[].match[].port', value: 3306 },
  { for: 'tcp[].match[].destinationSubnets', value: ['10.9.0.0/16'] },
  { for: 'tcp[].match[].sourceSubnet', value: '10.9.0.0/16' },
  { for: 'tls[]', at: '', put: { hosts: ['vault'], http: null } },
  { for: 'tls[]', put: { match: [{ sniHosts: ['vault'] }], route: [{ destination: { host: 'vault' } }] } },
  { for: 'tls[].route[].weight', at: 'tls[]', put: weighted('vault') },
  { for: 'tls[].match[].port', value: 443 },
  { for: 'tls[].match[].destinationSubnets', value: ['10.9.0.0/16'] },
  { for: 'tls[].match[].sniHosts', value: ['vault.default.svc.cluster.local'] },
];

export const virtualService: KindCase = {
  spec: { hosts: ['shop'], http: [{ route: [{ destination: { host: 'shop' } }] }] },
  objects: [edge, ...['shop', 'db', 'vault'].map(versions), delegated('default', '3s'), delegated('other', '4s')],
  reasons: {
    'http[].fault.abort.http2Error': "Envoy's fault filter aborts with HTTP and gRPC statuses alone",
    'http[].fault.delay.exponentialDelay': "Envoy's fault filter has fixed delays alone",
  },
  same: [],
  contexts: [
    { for: 'hosts', value: ['cart'] },
    { for: 'gateways', value: ['edge'] },
    { for: 'exportTo', value: ['.'] },
    { for: 'http[].route[].weight', at: 'http[]', put: weighted('shop') },
    { for: 'http[].match[].port', value: 80 },
    ...actions,
    ...policies,
    ...places,
    ...connections,
  ],
};
