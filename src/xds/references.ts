// What a resource names: Envoy warms a cluster until its endpoints come, and a listener until its routes do.
import type { XdsResource } from '../envoy/resource.ts';
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

/** HttpConnectionManager.rds.route_config_name in every filter chain. */
function routeNames(listener: JsonObject): readonly string[] {
  const chains = [...members(listener['filter_chains']), listener['default_filter_chain']];
  const filters = chains.flatMap((chain) => (isObject(chain) ? members(chain['filters']) : []));
  const configs = filters.map((filter) => (isObject(filter) ? filter['typed_config'] : undefined));
  const api = listener['api_listener'];
  if (isObject(api)) configs.push(api['api_listener']);
  return configs.flatMap((config) => {
    const rds = isObject(config) ? config['rds'] : undefined;
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
