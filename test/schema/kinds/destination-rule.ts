// DestinationRule: what its fields need beside them.
import type { JsonObject } from '../../../src/lib/json.ts';
import type { Context, KindCase } from '../kind-case.ts';

const balancer = 'trafficPolicy.loadBalancer';
const files = { mode: 'MUTUAL', clientCertificate: '/certs/c.pem', privateKey: '/certs/k.pem' };
/** Orders nobody by place, so that only the field itself does. */
const ejects = {
  outlierDetection: { consecutive5xxErrors: 3 },
  loadBalancer: { localityLbSetting: { enabled: false } },
};

/** What leads some calls to the subset, where routes and listeners show it. */
const toSubset = (host: string, routes: JsonObject): JsonObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: host },
  spec: { hosts: [host], ...routes },
});
const route = (host: string): JsonObject[] => [{ destination: { host, subset: 'v1' } }];

const pool: readonly Context[] = [
  {
    for: 'trafficPolicy.connectionPool.http.maxConcurrentStreams',
    at: 'trafficPolicy.connectionPool.http',
    put: { h2UpgradePolicy: 'UPGRADE' },
  },
  {
    for: 'trafficPolicy.connectionPool.http.http2KeepAlive',
    at: 'trafficPolicy.connectionPool.http',
    put: { h2UpgradePolicy: 'UPGRADE', http2KeepAlive: { interval: '20s', timeout: '10s' } },
  },
];

const balancing: readonly Context[] = [
  { for: `${balancer}.consistentHash.maglev`, at: `${balancer}.consistentHash`, put: { httpHeaderName: 'x' } },
  { for: `${balancer}.consistentHash.ringHash`, at: `${balancer}.consistentHash`, put: { httpHeaderName: 'x' } },
  { for: `${balancer}.consistentHash.minimumRingSize`, at: `${balancer}.consistentHash`, put: { httpHeaderName: 'x' } },
  { for: `${balancer}.consistentHash.httpCookie`, put: { name: 'c', ttl: '0s' } },
  { for: `${balancer}.consistentHash.httpCookie.attributes[]`, put: { name: 'a' } },
  { for: `${balancer}.warmup`, put: { duration: '5s' } },
  { for: `${balancer}.localityLbSetting`, at: 'trafficPolicy', put: { outlierDetection: { consecutive5xxErrors: 3 } } },
  { for: `${balancer}.localityLbSetting.enabled`, value: false },
  { for: `${balancer}.localityLbSetting.distribute[]`, put: { from: 'r1', to: { r2: 100 } } },
  { for: `${balancer}.localityLbSetting.distribute[].from`, value: 'r3' },
  {
    for: `${balancer}.localityLbSetting.distribute[].to.<k>`,
    at: `${balancer}.localityLbSetting.distribute[]`,
    put: { to: null },
  },
  { for: `${balancer}.localityLbSetting.distribute[].to.<k>`, value: 100 },
  { for: `${balancer}.localityLbSetting.failover[]`, put: { from: 'r1', to: 'r3' } },
  { for: `${balancer}.localityLbSetting.failover[].from`, value: 'r4' },
  { for: `${balancer}.localityLbSetting.failover[].to`, value: 'r2' },
  { for: `${balancer}.localityLbSetting.failoverPriority`, value: ['tier'] },
  { for: `${balancer}.zoneAwareLbSetting`, put: { enabled: true } },
  {
    for: `${balancer}.zoneAwareLbSetting`,
    at: 'trafficPolicy',
    put: { outlierDetection: { consecutive5xxErrors: 3 } },
  },
  { for: `${balancer}.zoneAwareLbSetting.failover[]`, put: { from: 'r1', to: 'r3' } },
  { for: `${balancer}.zoneAwareLbSetting.failover[].from`, value: 'r4' },
  { for: `${balancer}.zoneAwareLbSetting.failover[].to`, value: 'r2' },
  { for: `${balancer}.zoneAwareLbSetting.failoverPriority`, value: ['tier'] },
  { for: `${balancer}.zoneAwareLbSetting.enabled`, value: false },
];

const outliers: readonly Context[] = [
  { for: 'trafficPolicy.outlierDetection', at: 'trafficPolicy', put: ejects },
  { for: 'trafficPolicy.outlierDetection.consecutive5xxErrors', at: 'trafficPolicy', put: ejects },
  { for: 'trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes', value: [503] },
  {
    for: 'trafficPolicy.outlierDetection.consecutiveLocalOriginFailures',
    at: 'trafficPolicy.outlierDetection',
    put: { splitExternalLocalOriginErrors: true },
  },
];

const tls: readonly Context[] = [
  { for: 'trafficPolicy.tls', put: { mode: 'SIMPLE' } },
  { for: 'trafficPolicy.tls.mode', at: 'trafficPolicy.tls', put: { mode: 'DISABLE' } },
  { for: 'trafficPolicy.tls.credentialName', says: 'SLC0240' },
  { for: 'trafficPolicy.tls.clientCertificate', at: 'trafficPolicy.tls', put: files },
  { for: 'trafficPolicy.tls.privateKey', at: 'trafficPolicy.tls', put: files },
];

export const destinationRule: KindCase = {
  spec: { host: 'shop' },
  objects: [
    toSubset('shop', {
      http: [
        { match: [{ headers: { v1: {} } }], route: route('shop') },
        { route: [{ destination: { host: 'shop' } }] },
      ],
    }),
    toSubset('db', { tcp: [{ match: [{ port: 3307 }], route: route('db') }] }),
  ],
  reasons: {
    'trafficPolicy.outlierDetection.consecutiveErrors': 'Istio gave it up; it has two fields in its place',
    'trafficPolicy.tls.credentialName': 'the private keys in Secrets are for gateways, not for every sidecar',
  },
  same: [
    { here: 'subsets[].trafficPolicy', as: 'trafficPolicy' },
    { here: 'trafficPolicy.portLevelSettings[]', as: 'trafficPolicy' },
  ],
  contexts: [
    { for: 'host', at: '', put: { trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } } },
    { for: 'host', value: 'db' },
    { for: 'subsets[]', put: { name: 'v1', labels: { version: 'v1' } } },
    { for: 'subsets[].name', value: 'v2', says: 'SLC0225' },
    { for: 'trafficPolicy.portLevelSettings[]', put: { port: { number: 80 } } },
    {
      for: 'trafficPolicy.portLevelSettings[].port',
      at: 'trafficPolicy.portLevelSettings[]',
      put: { loadBalancer: { simple: 'RANDOM' } },
    },
    { for: 'trafficPolicy.portLevelSettings[].port.number', value: 81 },
    ...pool,
    ...balancing,
    ...outliers,
    ...tls,
    { for: 'trafficPolicy.tunnel', at: '', put: { host: 'db' } },
    { for: 'trafficPolicy.tunnel', put: { targetHost: 'far.example.com', targetPort: 1 } },
    { for: 'trafficPolicy.tunnel.protocol', value: 'POST' },
    { for: 'workloadSelector', at: '', put: { trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } } },
    { for: 'exportTo', at: '', put: { trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } } },
    { for: 'exportTo', value: ['.'] },
  ],
};
