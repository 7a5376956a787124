// Which routes hold for a host, for whom, and in which order.
import { internList } from '../../lib/intern.ts';
import { memo } from '../../lib/memo.ts';
import { sortedBy } from '../../lib/sorted.ts';
import { StableTable, stableList } from '../../lib/stable-table.ts';
import { TrackedCalls } from '../../lib/tracked-calls.ts';
import {
  type ConnectionEntry,
  type HostRoutes,
  matchesAll,
  meshGateway,
  type RouteChoice,
  type RouteEntry,
} from '../../model/route.ts';
import { isHttp, type Service, type ServicePort } from '../../model/service.ts';
import type { RoutingRule } from './delegates.ts';
import { isExportedTo } from './exports.ts';
import { patternsOf } from './policies.ts';
import { byAge } from './services.ts';
import { ownFirst } from './shared-hosts.ts';

type Services = ReadonlyMap<string, Service>;
type ByPattern = ReadonlyMap<string, readonly RoutingRule[]>;

/** What is kept from one resolution to the next. */
export class RouteCalls {
  readonly byPattern = new StableTable<string, readonly RoutingRule[]>((a, b) => stableList(a, b) === a);
  readonly choices = new TrackedCalls<string, string, readonly [ByPattern, Services], RouteChoice | null>();
}

/** The namespaces in which a rule may hold that does not hold everywhere. */
export function namedNamespaces(rules: readonly RoutingRule[]): readonly string[] {
  const names = new Set(rules.flatMap(({ source }) => [...source.exportTo]));
  names.delete('*');
  return [...names].sort();
}

/** Rules for one host become one, in their order, with what takes every request last. The list is the key. */
const merge = memo((rules: readonly RoutingRule[]): HostRoutes => {
  const entries = rules.flatMap(({ routes }) =>
    routes.flatMap((route) => route.matches.map((match): RouteEntry => ({ route, match }))),
  );
  const [last, first] = [
    entries.filter(({ match }) => matchesAll(match)),
    entries.filter(({ match }) => !matchesAll(match)),
  ];
  // Nothing has to move in a single rule: there the order is what its author wrote.
  const ordered = rules.length === 1 ? entries : [...first, ...last];
  const connections = rules.flatMap(({ source }) =>
    source.connections.flatMap((route) => route.matches.map((match): ConnectionEntry => ({ route, match }))),
  );
  return { entries: ordered, connections, rules: rules.map(({ source }) => source.origin.object) };
});

/** By the hosts that they name, each list in the order in which the rules count. */
export function rulesOfSidecars(rules: readonly RoutingRule[]): ByPattern {
  const ofMesh = rules
    .filter(
      ({ source, routes }) => source.gateways.includes(meshGateway) && routes.length + source.connections.length > 0,
    )
    .toSorted((a, b) => byAge(a.source, b.source));
  const pairs = ofMesh.flatMap((rule) => rule.source.hosts.map(({ host }) => ({ host, rule })));
  const groups = Map.groupBy(pairs, ({ host }) => host);
  return new Map([...groups].map(([host, group]) => [host, group.map(({ rule }) => rule)] as const));
}

/** The most specific host that a rule names which clients of the namespace see decides; all its rules count. */
function visibleTo(namespace: string, groups: readonly (readonly RoutingRule[])[]): HostRoutes | null {
  for (const group of groups) {
    const visible = group.filter(({ source }) => isExportedTo(source, namespace));
    if (visible.length > 0) return merge(internList(visible));
  }
  return null;
}

/** Of groups of rules for one host, the most specific host first. */
export function choose(groups: readonly (readonly RoutingRule[])[], ports: readonly number[]): RouteChoice {
  // No namespace has this name, so only what is exported to all counts.
  const otherwise = visibleTo('*', groups);
  const byNamespace = new Map<string, HostRoutes>();
  for (const namespace of namedNamespaces(groups.flat())) {
    const own = visibleTo(namespace, groups);
    if (own !== null && own !== otherwise) byNamespace.set(namespace, own);
  }
  return { otherwise, byNamespace, ports };
}

const speaksHttp = ({ protocol }: ServicePort): boolean => isHttp(protocol) || protocol === 'auto';

const noPorts: readonly number[] = [];
const usualPort = 80;

/** The service that has a host, or else the nearest one for a whole domain around it. */
function around(host: string, services: Services): Service | undefined {
  for (const pattern of patternsOf(host)) {
    const service = services.get(pattern);
    if (service !== undefined) return service;
  }
  return undefined;
}

/**
 * Where a host is known that no service has: on the ports of the services that its rule names beside it; without any on
 * port 80, and where a match asks for another port.
 */
function portsOfOther(rules: readonly RoutingRule[], services: Services): readonly number[] {
  const ports = rules.flatMap(({ source, routes }) => {
    const known = source.hosts.flatMap(({ host }) => around(host, services)?.ports.filter(speaksHttp) ?? []);
    if (known.length > 0) return known.map(({ number }) => number);
    return [usualPort, ...routes.flatMap(({ matches }) => matches.flatMap(({ client }) => client.port ?? []))];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Whether a service has a host that this pattern covers. */
export function covers(pattern: string, services: Services): boolean {
  if (!pattern.startsWith('*')) return services.has(pattern);
  return services.keys().some((host) => host.endsWith(pattern.slice(1)));
}

/** What clients of a host get; null: nothing of its own. */
function choiceFor(host: string, byPattern: ByPattern, services: Services): RouteChoice | null {
  const service = services.get(host);
  if (service !== undefined) {
    const groups = patternsOf(host).flatMap((pattern) => {
      const group = byPattern.get(pattern);
      return group === undefined ? [] : [ownFirst(group, service.namespace)];
    });
    return groups.length === 0 ? null : choose(groups, noPorts);
  }
  const rules = byPattern.get(host);
  return rules === undefined || covers(host, services) ? null : choose([rules], portsOfOther(rules, services));
}

/** By host, sorted: what rules say of services, and of hosts that no service has. */
export function resolveRoutes(
  services: Services,
  rules: ByPattern,
  { byPattern: known, choices }: RouteCalls,
): ReadonlyMap<string, RouteChoice> {
  const byPattern = known.update(rules);
  const wild = byPattern.keys().some((pattern) => pattern.startsWith('*'));
  // Without wildcards only the hosts that rules name have to be looked at.
  const hosts = wild ? new Set([...services.keys(), ...byPattern.keys()]) : byPattern.keys();
  return choices.round([byPattern, services], (run) => {
    const pairs = [...hosts].flatMap((host): [string, RouteChoice][] => {
      const choice = run(host, host, choiceFor);
      return choice === null ? [] : [[host, choice]];
    });
    return new Map(sortedBy(pairs, ([host]) => host));
  });
}
