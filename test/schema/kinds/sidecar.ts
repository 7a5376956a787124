// Sidecar: what its fields need beside them.
import type { Context, KindCase } from '../kind-case.ts';

const secrets = 'comes with Secrets';
const lead = 'Services and ServiceEntries say where a port leads';
const called = 'a workload is spoken to as it was called';
/** A port of HTTP/2 of a Pod of the mesh. */
const calls = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'calls' },
  spec: { ports: [{ name: 'grpc', port: 90 }] },
};
const callsEndpoint = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'calls', labels: { 'kubernetes.io/service-name': 'calls' } },
  addressType: 'IPv4',
  ports: [{ name: 'grpc', port: 90 }],
  endpoints: [{ addresses: ['10.1.0.1'], targetRef: { kind: 'Pod', name: 'shop-1' } }],
};
const grpc = { number: 80, name: 'grpc', protocol: 'GRPC' };
const port = { number: 80, name: 'http', protocol: 'HTTP' };

/** A port that speaks HTTP/2 has streams to count and to keep alive. */
const pool: readonly Context[] = ['maxConcurrentStreams', 'http2KeepAlive'].map((field) => ({
  for: `ingress[].connectionPool.http.${field}`,
  at: 'ingress[]',
  put: { port: grpc },
}));

const files = { serverCertificate: '/a', privateKey: '/b' };
const tls: readonly Context[] = [
  { for: 'ingress[].tls', put: { mode: 'MUTUAL', ...files, caCertificates: '/c' } },
  ...['credentialName', 'credentialNames', 'caCertCredentialName'].map(
    (field): Context => ({ for: `ingress[].tls.${field}`, says: 'SLC0241' }),
  ),
  { for: 'ingress[].tls.cipherSuites', value: ['AES128-SHA'] },
  { for: 'ingress[].tls.httpsRedirect', says: 'SLC0110' },
  { for: 'ingress[].tls.insecureSkipVerify', says: 'SLC0110' },
  {
    for: 'ingress[].tls.tlsCertificates',
    at: 'ingress[].tls',
    put: { serverCertificate: null, privateKey: null, tlsCertificates: [files] },
  },
  { for: 'ingress[].tls.tlsCertificates[].caCertificates', says: 'SLC0110' },
  { for: 'ingress[].tls.verifyCertificateHash', value: ['0a'.repeat(32)] },
  { for: 'ingress[].tls.verifyCertificateSpki', value: [`${'A'.repeat(43)}=`] },
];

export const sidecar: KindCase = {
  spec: {
    egress: [{ hosts: ['./*'] }],
    ingress: [{ port, defaultEndpoint: '127.0.0.1:9000' }],
  },
  objects: [calls, callsEndpoint],
  names: ['egress[].port.name'],
  reasons: {
    'ingress[].tls.credentialName': secrets,
    'ingress[].tls.credentialNames': secrets,
    'ingress[].tls.caCertCredentialName': secrets,
    'ingress[].tls.tlsCertificates[].caCertificates': 'it stands beside tlsCertificates',
    'ingress[].tls.httpsRedirect': 'a port of TLS has nothing to redirect',
    'ingress[].tls.insecureSkipVerify': 'clients that are asked for a certificate are always verified',
    'egress[].port.protocol': 'services say what they speak',
    'egress[].port.targetPort': lead,
    'ingress[].port.targetPort': lead,
    'ingress[].connectionPool.http.h2UpgradePolicy': called,
    'ingress[].connectionPool.http.useClientProtocol': called,
    'inboundConnectionPool.http.h2UpgradePolicy': called,
    'inboundConnectionPool.http.useClientProtocol': called,
  },
  same: [{ here: 'inboundConnectionPool', as: 'ingress[].connectionPool' }],
  contexts: [
    ...pool,
    { for: 'ingress[].connectionPool.http.h2UpgradePolicy', says: 'SLC0110' },
    { for: 'ingress[].connectionPool.http.useClientProtocol', says: 'SLC0110' },
    { for: 'egress[].port.protocol', value: 'TCP', says: 'SLC0110' },
    { for: 'egress[].port.targetPort', says: 'SLC0110' },
    { for: 'ingress[].port.targetPort', says: 'SLC0110' },
    { for: 'ingress[].port.name', at: 'ingress[].port', put: { protocol: null } },
    { for: 'ingress[].port.name', value: 'tcp' },
    {
      for: 'ingress[].connectionPool.http.http2KeepAlive',
      put: { interval: '20s', timeout: '10s' },
    },
    { for: 'inboundConnectionPool', at: '', put: { ingress: null } },
    { for: 'egress[].hosts', value: ['./shop.default.svc.cluster.local'] },
    { for: 'egress[].bind', at: 'egress[]', put: { port } },
    { for: 'egress[].bind', value: '10.9.0.1' },
    { for: 'egress[].captureMode', value: 'NONE', says: 'SLC0401' },
    { for: 'egress[].port', at: 'egress[]', put: { port } },
    { for: 'ingress[].bind', at: 'ingress[]', put: { captureMode: 'NONE' } },
    { for: 'ingress[].bind', value: '10.9.0.1' },
    { for: 'ingress[].captureMode', at: 'ingress[]', put: { bind: '10.9.0.1' } },
    { for: 'ingress[].captureMode', value: 'NONE' },
    { for: 'ingress[].defaultEndpoint', value: '127.0.0.1:9001' },
    { for: 'ingress[].port.protocol', value: 'TCP' },
    ...tls,
    {
      for: 'outboundTrafficPolicy.egressProxy',
      at: 'outboundTrafficPolicy',
      put: { mode: 'ALLOW_ANY', egressProxy: { host: 'shop.default.svc.cluster.local', port: { number: 80 } } },
    },
    { for: 'outboundTrafficPolicy.egressProxy.host', value: 'cart.default.svc.cluster.local' },
    { for: 'outboundTrafficPolicy.egressProxy.port.number', value: 81 },
    { for: 'outboundTrafficPolicy.mode', value: 'REGISTRY_ONLY' },
    { for: 'workloadSelector.labels', value: { app: 'client' } },
  ],
};
