// What Envoy's own dump says about how a cluster's requests are spread.
import type { ActiveConfig } from '../../inject/envoy-admin.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';

/** In Envoy's words. */
export interface PolicyInForce {
  /** `Cluster.lb_policy`, or the extension in `load_balancing_policy`: `client_side_weighted_round_robin`. */
  readonly lbPolicy: string;
  /** Each `RouteAction.hash_policy` of the routes that lead to the cluster: `header x-user`. */
  readonly hashKeys: readonly string[];
}

/** How Envoy balances a cluster. */
export function policyInForce({ clusters, routes }: ActiveConfig, cluster: string): PolicyInForce {
  const found = clusters.get(cluster);
  if (found === undefined) return { lbPolicy: 'no such cluster', hashKeys: [] };
  const policies = [...routes.values()].flatMap((route) => hashPolicies(route, cluster));
  return { lbPolicy: lbPolicyOf(found), hashKeys: [...new Set(policies.map(describeHashPolicy))] };
}

/** `LEAST_REQUEST`, `RING_HASH by header x-user`. */
export function describePolicy({ lbPolicy, hashKeys }: PolicyInForce): string {
  return hashKeys.length === 0 ? lbPolicy : `${lbPolicy} by ${hashKeys.join(', else ')}`;
}

const prefix = 'envoy.load_balancing_policies.';

function lbPolicyOf(cluster: JsonObject): string {
  const [extension] = objects(child(cluster, 'load_balancing_policy')['policies']);
  if (extension !== undefined) return String(child(extension, 'typed_extension_config')['name']).replace(prefix, '');
  // The enum's value 0 is left out of JSON.
  return String(cluster['lb_policy'] ?? 'ROUND_ROBIN');
}

function hashPolicies(routes: JsonObject, cluster: string): readonly JsonObject[] {
  return objects(routes['virtual_hosts'])
    .flatMap((host) => objects(host['routes']).map((route) => child(route, 'route')))
    .filter((action) => action['cluster'] === cluster)
    .flatMap((action) => objects(action['hash_policy']));
}

function describeHashPolicy(policy: JsonObject): string {
  const { name, ttl } = child(policy, 'cookie');
  if (name !== undefined) return ttl === undefined ? `cookie ${name}` : `cookie ${name} (Envoy makes it, ttl ${ttl})`;
  const header = child(policy, 'header')['header_name'];
  if (header !== undefined) return `header ${header}`;
  const parameter = child(policy, 'query_parameter')['name'];
  return parameter === undefined ? 'source IP' : `query parameter ${parameter}`;
}

function child(json: JsonObject, name: string): JsonObject {
  const value = json[name];
  return isObject(value) ? value : {};
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
