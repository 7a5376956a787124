// Services that share a listener although they are no HTTP: their connections are told apart by the server that a TLS
// client asks for, or by the addresses that they are for.
import { internList } from '../../lib/intern.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { ownMatch } from './connection-match.ts';
import { type ConnectionChains, emitConnections } from './connection-routes.ts';
import { serviceChain } from './listener.ts';
import type { CalledPort, ListenerPlan } from './plan-listeners.ts';
import { type ConnectionPlan, planConnections, type RouteSource } from './route-plan.ts';

const unruled = memo((called: CalledPort, group: ProxyGroup): readonly JsonObject[] => [
  { filter_chain_match: ownMatch(called, group), ...serviceChain(called, group) },
]);

/** Where rules speak of the connections to a port: their chains, for the port's own connections. */
const ruled = memo((called: CalledPort, group: ProxyGroup, plan: ConnectionPlan): readonly JsonObject[] => {
  const { chains, fallback } = emitConnections(plan, called.port.number);
  const own = ownMatch(called, group);
  const { server_names: _, ...ranges } = own;
  const narrowed = chains.map(({ filter_chain_match: match, ...chain }) => {
    return { filter_chain_match: { ...ranges, ...(match as JsonObject) }, ...chain };
  });
  return fallback === null ? narrowed : [...narrowed, { filter_chain_match: own, ...fallback }];
});

interface Match {
  readonly server_names?: readonly string[];
  readonly prefix_ranges?: readonly JsonObject[];
}

/** The chain without the names that chains before it take; none: nothing is left of it. */
function untaken(chain: JsonObject, taken: Set<string>): readonly JsonObject[] {
  const match = chain['filter_chain_match'] as JsonObject;
  const { server_names: names = [''], prefix_ranges: ranges = [], ...more } = match as Match;
  const places = JSON.stringify([ranges, more]);
  const free = names.filter((name) => !taken.has(`${name} ${places}`));
  for (const name of free) taken.add(`${name} ${places}`);
  if (free.length === 0) return [];
  if (free.length === names.length) return [chain];
  return [{ ...chain, filter_chain_match: { ...match, server_names: free } }];
}

/** Nobody speaks of a port. */
const silent = {};

const combined = memo((parts: readonly object[], plan: ListenerPlan, group: ProxyGroup): ConnectionChains => {
  const [first, ...plans] = parts;
  const others = first === silent ? null : (first as ConnectionChains);
  const own = plan.matched.flatMap((called, index) => {
    const connections = plans[index] ?? silent;
    return connections === silent ? unruled(called, group) : ruled(called, group, connections as ConnectionPlan);
  });
  const taken = new Set<string>();
  const chains = [...(others?.chains ?? []), ...own].flatMap((chain) => untaken(chain, taken));
  const plain = plan.tcp === null ? null : serviceChain(plan.tcp, group);
  return {
    chains,
    fallback: others === null ? plain : others.fallback,
    byServerName: chains.some(({ filter_chain_match: match }) => {
      const { server_names: names, transport_protocol: transport } = match as JsonObject;
      return names !== undefined || transport !== undefined;
    }),
    origins: others?.origins ?? [],
  };
});

/** All chains of a listener that are matched; `others`: those of the rules for the service that gets what is left. */
export function emitMatched(
  plan: ListenerPlan,
  others: ConnectionChains | null,
  source: RouteSource,
  group: ProxyGroup,
): ConnectionChains {
  const plans = plan.matched.map((called) => planConnections(source, called, group) ?? silent);
  return combined(internList<object>([others ?? silent, ...plans]), plan, group);
}
