// Which routes a client has for a host and port, bound to the clusters that it has.
import { internList } from '../../lib/intern.ts';
import { memo } from '../../lib/memo.ts';
import { differingKeys } from '../../lib/tracked-calls.ts';
import { type Labels, matches } from '../../model/endpoint.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import {
  type ClientMatch,
  type ConnectionEntry,
  type Destination,
  type HostRoutes,
  meshGateway,
  type RouteChoice,
  type RouteEntry,
  routesFor,
} from '../../model/route.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import type { CalledPort, CalledService } from './plan-listeners.ts';

/** A service as the client calls it; undefined: no service has the host. */
export type FindService = (host: string) => CalledService | undefined;

/** Routes, and what they lead to. Equal plans are one object. */
export interface Plan<E> {
  readonly entries: readonly E[];
  /** What destinations lead to, by host. */
  readonly services: ReadonlyMap<string, CalledService>;
  /** Whether a destination without a port is the only one of its service, whatever the client calls. */
  readonly onlyPorts: boolean;
}

export type RoutePlan = Plan<RouteEntry>;
export type ConnectionPlan = Plan<ConnectionEntry>;
type Entry = RouteEntry | ConnectionEntry;

/** What all clients of a group have of routes. */
export interface RouteSource extends Pick<Mesh, 'routes' | 'services' | 'policies'> {
  /** Of these, those for hosts that no service has. */
  readonly others: readonly (readonly [host: string, choice: RouteChoice])[];
  readonly find: FindService;
}

const isConditional = ({ port, labels, namespace, gateways }: ClientMatch): boolean =>
  port !== null || labels.size > 0 || namespace !== null || gateways !== null;

const hasConditions = memo((entries: readonly Entry[]): boolean =>
  entries.some(({ match }) => isConditional(match.client)),
);

function holds(client: ClientMatch, port: number, namespace: string, labels: Labels): boolean {
  if (client.port !== null && client.port !== port) return false;
  if (client.namespace !== null && client.namespace !== namespace) return false;
  return (client.gateways?.includes(meshGateway) ?? true) && matches(client.labels, labels);
}

/** The entries that hold for a client, who calls this port. */
function heldBy<E extends Entry>(entries: readonly E[], port: number, { namespace, labels }: ProxyGroup): readonly E[] {
  if (!hasConditions(entries)) return entries;
  return internList(entries.filter(({ match }) => holds(match.client, port, namespace, labels)));
}

function destinationsOf(entry: Entry): readonly Destination[] {
  if (!('action' in entry.route)) return entry.route.shares.map(({ destination }) => destination);
  const { action } = entry.route;
  return action.kind === 'forward' ? [...action.shares, ...action.mirrors].map((each) => each.destination) : [];
}

const destinationHosts = memo((entries: readonly Entry[]): readonly string[] => [
  ...new Set(entries.flatMap(destinationsOf).map(({ host }) => host)),
]);

/** Stands for a service that is not there. */
const nobody: CalledService = { ports: [], subsets: [] };

/** Of a list of routes, and then what each of their hosts leads to. */
const planOf = memo((parts: readonly object[]): Plan<Entry> => {
  const [entries, ...services] = parts as [readonly Entry[], ...CalledService[]];
  return {
    entries,
    services: new Map(destinationHosts(entries).map((host, index) => [host, services[index] ?? nobody])),
    onlyPorts: false,
  };
});

function bind<E extends Entry>(entries: readonly E[], { find }: RouteSource): Plan<E> | null {
  if (entries.length === 0) return null;
  const services = destinationHosts(entries).map((host) => find(host) ?? nobody);
  return planOf(internList([entries, ...services])) as Plan<E>;
}

/** The routes that clients of a group have for a host and port; null: none, so what is usual holds. */
export function planRoutes(source: RouteSource, host: string, port: number, group: ProxyGroup): RoutePlan | null {
  const routes = routesFor(source.routes.get(host), group.namespace);
  return routes === null ? null : bind(heldBy(routes.entries, port, group), source);
}

const withOnlyPorts = memo(<E extends Entry>(plan: Plan<E>): Plan<E> => ({ ...plan, onlyPorts: true }));

/** The routes of these that a gateway has on a port; null: none. */
export function planAtGateway<E extends Entry>(
  source: RouteSource,
  entries: readonly E[],
  port: number,
  group: ProxyGroup,
): Plan<E> | null {
  const plan = bind(internList(heldBy(entries, port, group)), source);
  return plan === null ? null : (withOnlyPorts(plan as Plan<Entry>) as Plan<E>);
}

/** The hosts of which two sources say different things. */
export const differingHosts = memo((before: RouteSource, after: RouteSource): ReadonlySet<string> => {
  const hosts = new Set<string>();
  for (const kind of ['routes', 'services', 'policies'] as const) {
    if (before[kind] === after[kind]) continue;
    for (const host of differingKeys<string, unknown>(before[kind], after[kind])) hosts.add(host);
  }
  return hosts;
});

/** The hosts that a plan depends on, besides its own. */
export const hostsOf = ({ services }: RoutePlan): MapIterator<string> => services.keys();

const byKind = memo((routes: HostRoutes, tls: boolean): readonly ConnectionEntry[] =>
  routes.connections.filter(({ route }) => tls || route.kind === 'tcp'),
);

/** The same for connections. What TLS clients say is looked at where the port is known to carry TLS. */
export function planConnections(source: RouteSource, called: CalledPort, group: ProxyGroup): ConnectionPlan | null {
  const { service, port } = called;
  const routes = routesFor(source.routes.get(service.host), group.namespace);
  if (routes === null) return null;
  return bind(heldBy(byKind(routes, port.protocol === 'tls'), port.number, group), source);
}

/** The cluster that a destination means to a client which calls `port`; null: there is none. */
export function clusterOf(plan: Plan<Entry>, { host, port, subset }: Destination, called: number): ClusterPlan | null {
  return clusterIn(plan.services.get(host), { port: port ?? onlyPort(plan, host), subset }, called);
}

/** Where a gateway's destination without a port leads: to the only one that its service has; null: that does not say. */
function onlyPort({ services, onlyPorts }: Plan<Entry>, host: string): number | null {
  const [only, second] = (onlyPorts ? services.get(host)?.ports : null) ?? [];
  return second === undefined ? (only?.port.number ?? null) : null;
}

/** The same of the service that the destination's host means. */
export function clusterIn(
  service: CalledService | undefined,
  { port, subset }: Pick<Destination, 'port' | 'subset'>,
  called: number,
): ClusterPlan | null {
  if (service === undefined) return null;
  const number = port ?? called;
  if (subset === null) return service.ports.find((each) => each.port.number === number)?.cluster ?? null;
  const same = (each: ClusterPlan): boolean => each.port.number === number && each.subset?.name === subset;
  return service.subsets.find(same) ?? null;
}
