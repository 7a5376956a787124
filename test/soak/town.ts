// The configuration of a soak run as a value, and as YAML: services that are called all the time, and others that come
// and go beside them.
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';

export interface Host {
  readonly address: string;
  readonly ready: boolean;
  readonly zone: string;
  /** A label of its Pod, which subsets select. */
  readonly version: string;
}

export interface Shop {
  readonly port: number;
  readonly portName: string;
  readonly hosts: readonly Host[];
  readonly annotations: Readonly<Record<string, string>>;
  /** The spec of its DestinationRule, without the host. */
  readonly rule: JsonObject | null;
  /** The HTTP routes of its VirtualService, or none; they may name the subset `everyone`. */
  readonly routes: readonly JsonObject[] | null;
  /**
   * Whether it ever had routes: then it keeps that subset. (A SotW client does not say which clusters it holds. One that comes
   * back from an outage in which a subset went loses the cluster a moment before its routes are others.)
   */
  readonly routed: boolean;
  /** How many EndpointSlices its endpoints are in. */
  readonly slices: number;
  /** Counts what only the text of the file says. */
  readonly edition: number;
}

export interface Town {
  /** Called all the time; they exist from the first to the last moment. */
  readonly called: ReadonlyMap<string, Shop>;
  readonly others: ReadonlyMap<string, Shop>;
}

/** A town's files by name. All endpoints listen on the same port. */
export function filesOf({ called, others }: Town, backendPort: number): ReadonlyMap<string, string> {
  const shops = [...called, ...others];
  return new Map(shops.flatMap(([name, shop]) => [...shopFiles(name, shop, backendPort)]));
}

function* shopFiles(name: string, shop: Shop, backendPort: number): Generator<readonly [string, string]> {
  const objects = [service(name, shop, backendPort), ...slices(name, shop, backendPort)];
  yield [`${name}.yaml`, `# edition ${shop.edition}\n${objects.map((object) => stringify(object)).join('---\n')}`];
  yield [`${name}-pods.yaml`, shop.hosts.map((host) => stringify(pod(name, host))).join('---\n')];
  // One file, so that no route names a subset that is not there.
  const rules = rulesOf(name, shop);
  if (rules.length > 0) yield [`${name}-rule.yaml`, rules.map((object) => stringify(object)).join('---\n')];
}

function service(name: string, { port, portName, annotations }: Shop, backendPort: number): JsonObject {
  const ports = [{ name: portName, port, targetPort: backendPort }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, annotations: { ...annotations } }, spec: { ports } };
}

function slices(name: string, { hosts, portName, slices: count }: Shop, backendPort: number): readonly JsonObject[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-${index}`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: portName, port: backendPort }],
    endpoints: hosts.filter((_host, place) => place % count === index).map((host) => endpoint(name, host)),
  }));
}

function endpoint(name: string, { address, ready, zone }: Host): JsonObject {
  const targetRef = { kind: 'Pod', name: podName(name, address), namespace: 'default' };
  return { addresses: [address], conditions: { ready }, zone, targetRef };
}

function pod(name: string, { address, version }: Host): JsonObject {
  const metadata = { name: podName(name, address), labels: { app: name, version } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, status: { podIP: address } };
}

const podName = (name: string, address: string): string => `${name}-${address.replaceAll('.', '-')}`;

/** Has all endpoints of a service. */
const everyone: JsonObject = { name: 'everyone', labels: {} };

function rulesOf(name: string, { rule, routes, routed }: Shop): readonly JsonObject[] {
  const apiVersion = 'networking.istio.io/v1';
  const metadata = { name };
  const subsets = Array.isArray(rule?.['subsets']) ? rule['subsets'] : [];
  const spec = { host: name, ...rule, ...(routed && { subsets: [...subsets, everyone] }) };
  return [
    ...(rule === null && !routed ? [] : [{ apiVersion, kind: 'DestinationRule', metadata, spec }]),
    ...(routes === null
      ? []
      : [{ apiVersion, kind: 'VirtualService', metadata, spec: { hosts: [name], http: [...routes] } }]),
  ];
}
