// The filter chains of connections that rules speak of: envoy.config.listener.v3.FilterChain.
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { blackHoleCluster } from '../../model/names.ts';
import { objectName } from '../../model/object.ts';
import type { Origin } from '../../model/origin.ts';
import type { Tunnel } from '../../model/port-policy.ts';
import type { ConnectionEntry, ConnectionMatch } from '../../model/route.ts';
import type { Subnet } from '../../model/service.ts';
import { configPath, objectsMetadata } from './provenance.ts';
import { type ConnectionPlan, clusterOf } from './route-plan.ts';
import { tcpProxy } from './tcp-proxy.ts';

export interface ConnectionChains {
  readonly chains: readonly JsonObject[];
  /** For connections that none of the chains takes; null: no rule speaks of them. */
  readonly fallback: JsonObject | null;
  /** Whether the server names that TLS clients ask for decide. */
  readonly byServerName: boolean;
  readonly origins: readonly Origin[];
}

const range = ({ address, length }: Subnet): JsonObject => ({ address_prefix: address, prefix_len: length });

const isForAll = ({ serverNames, subnets, source }: ConnectionMatch): boolean =>
  serverNames.length === 0 && subnets.length === 0 && source === null;

/** Envoy has no name for all servers: what speaks TLS at all is that. */
function chainMatch({ serverNames, subnets, source }: ConnectionMatch): JsonObject {
  const names = serverNames.includes('*') ? { transport_protocol: 'tls' } : { server_names: serverNames };
  return {
    ...(serverNames.length > 0 && names),
    ...(subnets.length > 0 && { prefix_ranges: subnets.map(range) }),
    ...(source !== null && { source_prefix_ranges: [range(source)] }),
  };
}

/** Connections that are shared out go through one tunnel: that of the whole service which the first share names. */
function tunnelOfAll(shares: ConnectionEntry['route']['shares'], plan: ConnectionPlan, port: number): Tunnel | null {
  const [first] = shares;
  if (first === undefined) return null;
  return clusterOf(plan, { ...first.destination, subset: null }, port)?.policy.tunnel ?? null;
}

/** A share that leads nowhere ends its connections. */
function filter({ route }: ConnectionEntry, plan: ConnectionPlan, port: number): JsonObject {
  const { name, namespace } = objectName(route.origin.object);
  const shares = route.shares.map(({ destination, weight }) => ({
    weight,
    cluster: clusterOf(plan, destination, port),
  }));
  const [first, second] = shares;
  const cluster = first?.cluster?.name ?? blackHoleCluster;
  const policy = first?.cluster?.policy ?? null;
  if (second === undefined) return tcpProxy(cluster, policy);
  const proxy = tcpProxy(cluster, policy && { ...policy, tunnel: tunnelOfAll(route.shares, plan, port) });
  const clusters = shares.map((share) => ({ name: share.cluster?.name ?? blackHoleCluster, weight: share.weight }));
  const { cluster: _, ...config } = proxy['typed_config'] as JsonObject;
  return {
    ...proxy,
    typed_config: { ...config, stat_prefix: `${name}.${namespace}`, weighted_clusters: { clusters } },
  };
}

function chain(entry: ConnectionEntry, plan: ConnectionPlan, port: number): JsonObject {
  const { origin } = entry.route;
  const istio = { config: configPath(origin.object) };
  return {
    metadata: { filter_metadata: { istio, ...objectsMetadata([origin]) } },
    filters: [filter(entry, plan, port)],
    transport_socket_connect_timeout: '15s',
  };
}

/** Every combination that a server name stands for in a match: Envoy refuses a listener in which one stands twice. */
function combinations(name: string, { subnets, source }: ConnectionMatch): readonly string[] {
  const ranges = subnets.length === 0 ? [''] : subnets.map((each) => `${each.address}/${each.length}`);
  const from = source === null ? '' : `${source.address}/${source.length}`;
  return ranges.map((each) => [name, each, from].join(' '));
}

/** The match without the names that chains before it take; null: nothing is left of it. */
function untaken(match: ConnectionMatch, taken: Set<string>): ConnectionMatch | null {
  const names = match.serverNames.length === 0 ? [''] : match.serverNames;
  const free = names.filter((name) => !combinations(name, match).some((each) => taken.has(each)));
  for (const each of free.flatMap((name) => combinations(name, match))) taken.add(each);
  return free.length === 0 ? null : { ...match, serverNames: match.serverNames.filter((name) => free.includes(name)) };
}

/** The chains of a plan for connections to `port`; of equal matches the first wins. */
export const emitConnections = memo((plan: ConnectionPlan, port: number): ConnectionChains => {
  const taken = new Set<string>();
  const all = plan.entries.find(({ match }) => isForAll(match));
  const chains = plan.entries.flatMap((entry) => {
    const match = isForAll(entry.match) ? null : untaken(entry.match, taken);
    return match === null ? [] : [{ filter_chain_match: chainMatch(match), ...chain(entry, plan, port) }];
  });
  return {
    chains,
    fallback: all === undefined ? null : chain(all, plan, port),
    byServerName: plan.entries.some(({ match }) => match.serverNames.length > 0),
    origins: plan.entries.map(({ route }) => route.origin),
  };
});
