// What a resource names: Envoy warms a cluster until its endpoints come, and a listener until its routes do. And what must
// not be named before Envoy has it: clusters.
import type { EncodedPart, XdsResource } from '../envoy/resource.ts';
import type { ResourceKind } from '../envoy/types.ts';
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { memo } from '../lib/memo.ts';
import { type NameSet, nameSet } from './name-set.ts';

/** The kind whose resources have to follow a changed resource of this kind. */
export const followers: { readonly [K in ResourceKind]: ResourceKind | null } = {
  cluster: 'endpoint',
  endpoint: null,
  listener: 'route',
  route: null,
};

const members = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const text = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** Cluster.eds_cluster_config.service_name, or the cluster's own name. */
function endpointNames(cluster: JsonObject, name: string): readonly string[] {
  if (cluster['type'] !== 'EDS') return [];
  const config = cluster['eds_cluster_config'];
  return [(isObject(config) ? text(config['service_name']) : null) ?? name];
}

/** The configuration of every network filter, and of the API listener. */
function filterConfigs(listener: JsonObject): readonly JsonObject[] {
  const chains = [...members(listener['filter_chains']), listener['default_filter_chain']];
  const filters = chains.flatMap((chain) => (isObject(chain) ? members(chain['filters']) : []));
  const configs = filters.map((filter) => (isObject(filter) ? filter['typed_config'] : undefined));
  const api = listener['api_listener'];
  if (isObject(api)) configs.push(api['api_listener']);
  return configs.filter(isObject);
}

/** HttpConnectionManager.rds.route_config_name in every filter chain. */
function routeNames(listener: JsonObject): readonly string[] {
  return filterConfigs(listener).flatMap((config) => {
    const { rds } = config;
    return (isObject(rds) ? text(rds['route_config_name']) : null) ?? [];
  });
}

const namesIn: { readonly [K in ResourceKind]: (resource: XdsResource) => readonly string[] } = {
  cluster: (resource) => endpointNames(resource.json, resource.name),
  endpoint: () => [],
  listener: (resource) => routeNames(resource.json),
  route: () => [],
};

/** The names of the resources of the following kind that this resource refers to. */
const references = memo((resource: XdsResource): readonly string[] => namesIn[resource.kind](resource));

/** The same for many resources. The list is the key: give the same list to share the result. */
export const referencesOf = memo((resources: readonly XdsResource[]): NameSet => {
  return nameSet(resources.flatMap((resource) => references(resource)));
});

const named = (value: JsonValue, field: string): readonly string[] => {
  const name = isObject(value) ? text(value[field]) : null;
  return name === null ? [] : [name];
};

/** `cluster` and `weighted_clusters`: of a RouteAction, and of a TcpProxy. */
function chosenClusters(action: JsonObject): readonly string[] {
  const weighted = action['weighted_clusters'];
  const choices = isObject(weighted) ? members(weighted['clusters']) : [];
  return [...named(action, 'cluster'), ...choices.flatMap((choice) => named(choice, 'name'))];
}

/** `request_mirror_policies`: of a RouteAction, a VirtualHost and a RouteConfiguration. */
function mirrorClusters(message: JsonObject): readonly string[] {
  return members(message['request_mirror_policies']).flatMap((policy) => named(policy, 'cluster'));
}

function hostClusters(host: JsonObject): readonly string[] {
  const actions = members(host['routes']).flatMap((route) => (isObject(route) ? (route['route'] ?? []) : []));
  const clusters = actions.filter(isObject).flatMap((action) => [...chosenClusters(action), ...mirrorClusters(action)]);
  return [...new Set([...clusters, ...mirrorClusters(host)])];
}

/** The clusters that a virtual host names. */
export const clustersOfHost = memo((host: EncodedPart): readonly string[] => hostClusters(host.json));

/** Finds what resources refer to, which is remembered: before the first proxy asks, if it is called then. */
export function findReferences(resources: Iterable<XdsResource>): void {
  for (const resource of resources) {
    references(resource);
    for (const host of resource.parts ?? []) clustersOfHost(host);
  }
}

/** The clusters that a route configuration names for all its virtual hosts. */
export const clustersOfShell = memo((route: XdsResource): readonly string[] => mirrorClusters(route.json));

/** The clusters that a listener names: those of its TCP proxies, and of routes that are written in it. */
export const clustersOfListener = memo((listener: XdsResource): readonly string[] => {
  const clusters = filterConfigs(listener.json).flatMap((config) => {
    const routes = config['route_config'];
    const hosts = isObject(routes) ? members(routes['virtual_hosts']).filter(isObject) : [];
    return [
      ...chosenClusters(config),
      ...(isObject(routes) ? mirrorClusters(routes) : []),
      ...hosts.flatMap(hostClusters),
    ];
  });
  return [...new Set(clusters)];
});
