// Services with TLS that share an address: told apart by the server that a client asks for.
import { internList } from '../../lib/intern.ts';
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { type ConnectionChains, emitConnections } from './connection-routes.ts';
import type { CalledPort } from './plan-listeners.ts';
import { objectsMetadata } from './provenance.ts';
import { shortNames } from './route.ts';
import { type ConnectionPlan, planConnections, type RouteSource } from './route-plan.ts';
import { tcpProxy } from './tcp-proxy.ts';

/** Connections of no rule, to the service itself. */
export function serviceChain({ service, cluster }: CalledPort): JsonObject {
  return {
    metadata: { filter_metadata: objectsMetadata([service.origin]) },
    filters: [tcpProxy(cluster.name, cluster.policy)],
    transport_socket_connect_timeout: '15s',
  };
}

/** The servers that clients of a namespace ask for when they mean the service. */
function serverNames({ service }: CalledPort, namespace: string): readonly string[] {
  return [service.host, ...shortNames(service, service.namespace === namespace)];
}

/** What a rule says without a server's name holds for the names of its service. */
function named(chain: JsonObject, names: readonly string[]): JsonObject {
  const { filter_chain_match = {}, ...rest } = chain;
  const match = filter_chain_match as JsonObject;
  if (match['server_names'] !== undefined || match['transport_protocol'] !== undefined) return chain;
  return { filter_chain_match: { ...match, server_names: names }, ...rest };
}

/** The chains of one port: those of the rules for it, or one for the service's own names. */
function chainsOf(called: CalledPort, plan: ConnectionPlan | null, namespace: string): readonly JsonObject[] {
  const names = serverNames(called, namespace);
  if (plan === null) return [named(serviceChain(called), names)];
  const { chains, fallback } = emitConnections(plan, called.port.number);
  return [...chains, ...(fallback === null ? [] : [fallback])].map((chain) => named(chain, names));
}

const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : ['']);

/** All that a match stands for with one of its server names: Envoy refuses a listener in which one stands twice. */
function combinations(match: JsonObject, name: JsonValue): readonly string[] {
  const { server_names: _, prefix_ranges: ranges, ...others } = match;
  return list(ranges).map((range) => JSON.stringify([name, range, others]));
}

/** The chains without the names that chains before them take. */
function untaken(chains: readonly JsonObject[]): readonly JsonObject[] {
  const taken = new Set<string>();
  return chains.flatMap((chain) => {
    const match = chain['filter_chain_match'] as JsonObject;
    const free = list(match['server_names']).filter(
      (name) => !combinations(match, name).some((each) => taken.has(each)),
    );
    for (const each of free.flatMap((name) => combinations(match, name))) taken.add(each);
    if (free.length === 0) return [];
    const names = match['server_names'] === undefined ? {} : { server_names: free };
    return [{ ...chain, filter_chain_match: { ...match, ...names } }];
  });
}

/** Of a list of ports, each with the rules for it or `noRules`. */
const chainsOfAll = memo((parts: readonly object[], namespace: string): ConnectionChains => {
  const pairs = parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1]] as const] : []));
  const plans = pairs.map(
    ([called, plan]) => [called as CalledPort, plan === noRules ? null : (plan as ConnectionPlan)] as const,
  );
  return {
    chains: untaken(plans.flatMap(([called, plan]) => chainsOf(called, plan, namespace))),
    fallback: null,
    byServerName: true,
    origins: plans.flatMap(([, plan]) => plan?.entries.map(({ route }) => route.origin) ?? []),
  };
});

const noRules = {};

/** The filter chains of ports with TLS on one address; a name that two want goes to the first. */
export function emitTlsChains(ports: readonly CalledPort[], source: RouteSource, group: ProxyGroup): ConnectionChains {
  const parts = ports.flatMap((port) => [port, planConnections(source, port, group) ?? noRules]);
  return chainsOfAll(internList(parts), group.namespace);
}
