// Which rules hold at which gateway, and for which of its hosts; what of them does not meet.
import type { Gateway as TypedGateway } from '../../crds/gateway/gateway.ts';
import type { Service } from '../../crds/service.ts';
import { interner } from '../../lib/intern.ts';
import type { LastCalls } from '../../lib/last-calls.ts';
import { memo } from '../../lib/memo.ts';
import { sortedBy } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, distinct } from '../../model/diagnostic.ts';
import { matches } from '../../model/endpoint.ts';
import { commonHost, type Gateway, type GatewayServer, gatewayKey, type RoutedServer } from '../../model/gateway.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import { at } from '../../model/origin.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import { type ClientMatch, type Destination, meshGateway, type RouteChoice } from '../../model/route.ts';
import { serviceAt } from '../../model/service.ts';
import type { RoutingRule } from './delegates.ts';
import { byAge } from './services.ts';
import { sharedHost } from './shared-hosts.ts';
import { choose } from './virtual-services.ts';

type Gateways = Mesh['gateways'];
export type GatewayCalls = LastCalls<string, Gateway>;

/** The matches that count at a gateway; there it no longer matters which gateways they name. */
function matchesAt<M extends { readonly client: ClientMatch }>(list: readonly M[], gateway: string): readonly M[] {
  if (list.every(({ client }) => client.gateways === null)) return list;
  const held = list.filter(({ client }) => client.gateways?.includes(gateway) ?? true);
  return held.map((match) => ({ ...match, client: { ...match.client, gateways: null } }));
}

/** What of a rule holds at a gateway. */
const ruleAt = memo(({ source, routes }: RoutingRule, gateway: string): RoutingRule => {
  const at = <R extends { readonly matches: readonly { readonly client: ClientMatch }[] }>(list: readonly R[]) =>
    list.map((route) => ({ ...route, matches: matchesAt(route.matches, gateway) })).filter((r) => r.matches.length > 0);
  return { source: { ...source, connections: at(source.connections) }, routes: at(routes) };
});

/** The hosts that a rule and a server share. */
function sharedHosts({ source }: RoutingRule, server: GatewayServer): readonly string[] {
  const own = server.hosts.filter(({ namespace }) => namespace === null || namespace === source.namespace);
  const shared = own.flatMap((mine) => source.hosts.flatMap(({ host }) => commonHost(mine.host, host) ?? []));
  return [...new Set(shared)];
}

const noPorts: readonly number[] = [];

function routesOf(server: GatewayServer, rules: readonly RoutingRule[]): ReadonlyMap<string, RouteChoice> {
  const pairs = rules.flatMap((rule) => sharedHosts(rule, server).map((host) => ({ host, rule })));
  const byHost = sortedBy(
    Map.groupBy(pairs, ({ host }) => host),
    ([host]) => host,
  );
  return new Map(byHost.map(([host, list]) => [host, choose([list.map(({ rule }) => rule)], noPorts)] as const));
}

function bind({ namespace, name, servers, origin, ...gateway }: TypedGateway, rules: readonly RoutingRule[]): Gateway {
  const key = gatewayKey({ namespace, name });
  const here = rules.map((rule) => ruleAt(rule, key));
  const routed = servers.map((server): RoutedServer => ({ server, routes: routesOf(server, here) }));
  return { namespace, name, selector: gateway.selector ?? new Map(), servers: routed, origin };
}

const none: Gateways = new Map();

/** All gateways with the rules that name them, the oldest first. One whose selector is of no use nobody serves. */
export function resolveGateways(
  gateways: readonly TypedGateway[],
  rules: readonly RoutingRule[],
  calls: GatewayCalls,
): Gateways {
  const usable = gateways.filter(({ selector }) => selector !== null).toSorted(byAge);
  const named = rules.filter(({ source }) => source.gateways.some((each) => each !== meshGateway));
  const ordered = usable.length === 0 ? [] : named.toSorted((a, b) => byAge(a.source, b.source));
  const bound = usable.map((gateway) => {
    const key = gatewayKey(gateway);
    const own = ordered.filter(({ source }) => source.gateways.includes(key));
    return [key, calls.run(key, [gateway, ...own], () => bind(gateway, own))] as const;
  });
  calls.endRound();
  return bound.length === 0 ? none : new Map(bound);
}

function destinationsOf({ source, routes }: RoutingRule): readonly Destination[] {
  const ofRequests = routes.flatMap(({ action }) =>
    action.kind === 'forward' ? [...action.shares, ...action.mirrors] : [],
  );
  const shares = [...ofRequests, ...source.connections.flatMap((route) => route.shares)];
  return shares.map(({ destination }) => destination);
}

/** A destination without a port is the only one of its service, else the one that the gateway's client has called. */
function withoutPort(
  rule: RoutingRule,
  servers: readonly RoutedServer[],
  services: ReadonlyMap<string, Service>,
): readonly Diagnostic[] {
  const called = servers.map(({ server }) => server.port);
  return destinationsOf(rule).flatMap(({ host, port, origin }) => {
    const ports = serviceAt(services, host)?.ports.map(({ number }) => number) ?? [];
    if (port !== null || ports.length < 2 || called.some((number) => ports.includes(number))) return [];
    const which = `${host} has the ports ${ports.join(', ')}, none of which is the gateway's (${called.join(', ')})`;
    return [diagnose('SLC0225', origin, `${which}; write destination.port.number`)];
  });
}

function checkRule(
  rule: RoutingRule,
  gateways: Gateways,
  services: ReadonlyMap<string, Service>,
): readonly Diagnostic[] {
  const { source } = rule;
  const place = at(source.origin, 'spec', 'gateways');
  const others = source.gateways.filter((each) => each !== meshGateway);
  return [...new Set(others)].flatMap((key) => {
    const gateway = gateways.get(key);
    if (gateway === undefined) return [diagnose('SLC0231', place, `there is no Gateway ${key}`)];
    const met = gateway.servers.filter(({ server }) => sharedHosts(rule, server).length > 0);
    if (met.length > 0) return withoutPort(ruleAt(rule, key), met, services);
    const message = `no server of Gateway ${key} takes one of its hosts from namespace ${source.namespace}`;
    return [diagnose('SLC0231', place, message)];
  });
}

/** Hosts for which several rules hold at a gateway. */
function sharedAt(key: string, { servers }: Gateway, rules: readonly RoutingRule[]): readonly Diagnostic[] {
  const here = rules.filter(({ source }) => source.gateways.includes(key)).map((rule) => ruleAt(rule, key));
  const said = servers.flatMap(({ server, routes }) =>
    [...routes.keys()].flatMap((host) => {
      const several = here.filter((rule) => sharedHosts(rule, server).includes(host));
      return sharedHost(host, several, null);
    }),
  );
  return distinct(said);
}

/** What is to be said of rules that name gateways. */
export function checkGateways(
  rules: readonly RoutingRule[],
  gateways: Gateways,
  services: ReadonlyMap<string, Service>,
): readonly Diagnostic[] {
  const named = rules.filter(({ source }) => source.gateways.some((each) => each !== meshGateway));
  if (named.length === 0) return [];
  const ordered = named.toSorted((a, b) => byAge(a.source, b.source));
  return [
    ...named.flatMap((rule) => checkRule(rule, gateways, services)),
    ...[...gateways].flatMap(([key, gateway]) => sharedAt(key, gateway, ordered)),
  ];
}

const internKeys = interner<readonly string[]>();
const noKeys: readonly string[] = [];

/** The gateways that a proxy serves, by the labels of its workload. Equal lists are one object. */
export function gatewaysOf({ gateways }: Mesh, node: ProxyNode, workload: Workload | undefined): readonly string[] {
  if (node.role !== 'router' || gateways.size === 0) return noKeys;
  const { labels } = workload ?? node;
  const keys = [...gateways].flatMap(([key, { selector }]) => (matches(selector, labels) ? [key] : []));
  return keys.length === 0 ? noKeys : internKeys(keys.join(), () => keys);
}

/** The labels by which rules at gateways choose clients. */
export const labelsAtGateways = memo(
  (gateways: Gateways): ReadonlySet<string> =>
    new Set(
      [...gateways.values()]
        .flatMap(({ servers }) => servers.flatMap(({ routes }) => [...routes.values()]))
        .flatMap(({ otherwise, byNamespace }) => [otherwise, ...byNamespace.values()])
        .flatMap((routes) => (routes === null ? [] : [...routes.entries, ...routes.connections]))
        .flatMap(({ match }) => [...match.client.labels.keys()]),
    ),
);
