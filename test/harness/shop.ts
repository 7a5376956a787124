// The YAML of a small shop: one service, its endpoints on loopback addresses, and a rule.
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Files } from './mesh.ts';

export interface ShopPort {
  readonly name: string;
  readonly number: number;
}

const httpPort: ShopPort = { name: 'http', number: 80 };

/** Of this checkout: the tests of another one may run at the same time. */
const checkout = [...import.meta.dirname].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 251, 0);

/** Addresses that no test that runs at the same time uses. */
export function addresses(count: number, first = 11): readonly string[] {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
  return Array.from({ length: count }, (_, index) => `127.${100 + (worker % 100)}.${checkout}.${first + index}`);
}

/** The port on which all backends of the shop listen. */
export const backendPort = 28080;

/** By the name under which a backend answers. */
export function backend(address: string): string {
  return `${address}:${backendPort}`;
}

function serviceYaml(port: ShopPort = httpPort): string {
  const ports = [{ name: port.name, port: port.number, targetPort: backendPort }];
  return stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec: { ports } });
}

/** `pods`: what is behind the hosts, in their order. */
export function endpointsYaml(
  hosts: readonly string[],
  port: ShopPort = httpPort,
  pods: readonly string[] = [],
): string {
  return stringify({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports: [{ name: port.name, port: backendPort }],
    endpoints: hosts.map((host, index) => {
      const name = pods[index];
      return { addresses: [host], ...(name !== undefined && { targetRef: { kind: 'Pod', name } }) };
    }),
  });
}

export function ruleYaml(loadBalancer: JsonObject): string {
  return policyYaml({ loadBalancer });
}

export function policyYaml(trafficPolicy: JsonObject, annotations: JsonObject = {}): string {
  return stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'shop', annotations },
    spec: { host: 'shop', trafficPolicy },
  });
}

/** A shop with these endpoints; without a policy there is no rule. */
export function shop(hosts: readonly string[], loadBalancer: JsonObject | null, port: ShopPort = httpPort): Files {
  return {
    'service.yaml': serviceYaml(port),
    'endpoints.yaml': endpointsYaml(hosts, port),
    ...(loadBalancer === null ? {} : { 'rule.yaml': ruleYaml(loadBalancer) }),
  };
}
