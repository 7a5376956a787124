// Gateways for property tests, and the proxies that serve them.
import fc from 'fast-check';
import { proxyNode } from '../../src/envoy/node.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';
import type { ProxyNode } from '../../src/model/proxy.ts';
import { sourceObject } from './objects.ts';

export const gatewayNodes: readonly ProxyNode[] = [
  proxyNode({ namespace: 'default', role: 'router' }),
  proxyNode({ namespace: 'other', role: 'router', labels: new Map([['version', 'v1']]) }),
  proxyNode({ namespace: 'default', role: 'router', name: 'pod-10.0.0.1', ip: '10.0.0.1', portOffset: 10000 }),
];

export function gateway(name: string, spec: JsonObject, namespace = 'default'): SourceObject {
  return sourceObject({ apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata: { name, namespace }, spec });
}

const files = { serverCertificate: '/chain', privateKey: '/key' };
const kinds = fc.constantFrom<JsonObject>(
  { port: { number: 80, name: 'http', protocol: 'HTTP' } },
  { port: { number: 80, name: 'http', protocol: 'HTTP' }, tls: { httpsRedirect: true } },
  { port: { number: 80, name: 'tcp', protocol: 'TCP' } },
  { port: { number: 443, name: 'https', protocol: 'HTTPS' }, tls: { mode: 'SIMPLE', ...files } },
  { port: { number: 443, name: 'mesh', protocol: 'HTTPS' }, tls: { mode: 'ISTIO_MUTUAL' } },
  { port: { number: 443, name: 'tls', protocol: 'TLS' }, tls: { mode: 'PASSTHROUGH' } },
  { port: { number: 443, name: 'secret', protocol: 'HTTPS' }, tls: { mode: 'MUTUAL', credentialName: 'x' } },
);
const hosts = fc.constantFrom<string[]>(['*'], ['*.example.com'], ['www.example.com', './a.example.com'], ['other/*']);
const server = fc.tuple(kinds, hosts).map(([kind, names]): JsonObject => ({ ...kind, hosts: names }));
const selector = fc.constantFrom<JsonObject>({}, { version: 'v1' }, { version: 1 });

/** Gateways `edge` of two namespaces. */
export const anyGateway: fc.Arbitrary<SourceObject> = fc
  .record({
    name: fc.constantFrom('edge', 'rim'),
    namespace: fc.constantFrom('default', 'other'),
    selector,
    servers: fc.array(server, { minLength: 1, maxLength: 3 }),
  })
  .map(({ name, namespace, ...spec }) => gateway(name, spec, namespace));

/** What rules name. */
export const namedGateways = fc.constantFrom<string[]>(
  ['mesh'],
  ['edge', 'mesh'],
  ['default/edge', 'rim'],
  ['other/rim'],
);
