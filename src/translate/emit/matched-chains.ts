// Services that share a listener although they are no HTTP: those with TLS are told apart by the server that a client asks
// for, others by the ranges of addresses that are their own.
import { internList } from '../../lib/intern.ts';
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { isDynamic } from './cluster-plan.ts';
import { rangesOf } from './connection-match.ts';
import { type ConnectionChains, emitConnections } from './connection-routes.ts';
import { dynamicSniFilter } from './dynamic-names.ts';
import type { CalledPort } from './plan-listeners.ts';
import { objectsMetadata } from './provenance.ts';
import { shortNames } from './route.ts';
import { type ConnectionPlan, planConnections, type RouteSource } from './route-plan.ts';
import { tcpProxy } from './tcp-proxy.ts';

/** Connections of no rule, to the service itself. */
export function serviceChain({ service, port, cluster }: CalledPort, { ipFamily }: ProxyGroup): JsonObject {
  const before = isDynamic(cluster) ? [dynamicSniFilter(ipFamily, port.number)] : [];
  return {
    metadata: { filter_metadata: objectsMetadata([service.origin]) },
    filters: [...before, tcpProxy(cluster.name, cluster.policy)],
    transport_socket_connect_timeout: '15s',
  };
}

/** The servers that clients of a namespace ask for when they mean the service; none: its clients do not say. */
function serverNames({ service, port }: CalledPort, namespace: string): readonly string[] {
  if (port.protocol !== 'tls') return [];
  return [service.host, ...shortNames(service, service.namespace === namespace)];
}

/** What a rule says without a server's name holds for the names of its service, and so it is with addresses. */
function named(chain: JsonObject, names: readonly string[], ranges: JsonObject): JsonObject {
  const { filter_chain_match = {}, ...rest } = chain;
  const match = filter_chain_match as JsonObject;
  const says = match['server_names'] !== undefined || match['transport_protocol'] !== undefined;
  const own = says || names.length === 0 ? {} : { server_names: names };
  return { filter_chain_match: { ...ranges, ...match, ...own }, ...rest };
}

/** The chains of one port: those of the rules for it, or one for the service's own names. */
function chainsOf(called: CalledPort, plan: ConnectionPlan | null, group: ProxyGroup): readonly JsonObject[] {
  const names = serverNames(called, group.namespace);
  const ranges = rangesOf(called, group);
  if (plan === null) return [named(serviceChain(called, group), names, ranges)];
  const { chains, fallback } = emitConnections(plan, called.port.number);
  return [...chains, ...(fallback === null ? [] : [fallback])].map((chain) => named(chain, names, ranges));
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

function asksForServer({ filter_chain_match }: JsonObject): boolean {
  const match = filter_chain_match as JsonObject;
  return match['server_names'] !== undefined || match['transport_protocol'] !== undefined;
}

/** Of a list of ports, each with the rules for it or `noRules`. */
const chainsOfAll = memo((parts: readonly object[], group: ProxyGroup): ConnectionChains => {
  const pairs = parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1]] as const] : []));
  const plans = pairs.map(
    ([called, plan]) => [called as CalledPort, plan === noRules ? null : (plan as ConnectionPlan)] as const,
  );
  const chains = untaken(plans.flatMap(([called, plan]) => chainsOf(called, plan, group)));
  return {
    chains,
    fallback: null,
    byServerName: chains.some(asksForServer),
    origins: plans.flatMap(([, plan]) => plan?.entries.map(({ route }) => route.origin) ?? []),
  };
});

const noRules = {};

/** The filter chains of ports that share an address; a name that two want goes to the first. */
export function emitMatchedChains(
  ports: readonly CalledPort[],
  source: RouteSource,
  group: ProxyGroup,
): ConnectionChains {
  const parts = ports.flatMap((port) => [port, planConnections(source, port, group) ?? noRules]);
  return chainsOfAll(internList(parts), group);
}
