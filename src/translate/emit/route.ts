// Route configurations: which cluster a request goes to, and what of it is hashed.
import {
  type EncodedPart,
  encodedPart,
  routeConfiguration,
  sameContent,
  type XdsResource,
} from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { hashStepsOf } from '../../model/lb-policy.ts';
import { clusterDomain } from '../../model/names.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { hasShortNames, type Service } from '../../model/service.ts';
import type { Elsewhere } from './elsewhere.ts';
import { emitHttpRoutes, routeOrigins } from './http-routes.ts';
import { emitHashPolicy } from './lb-policy.ts';
import type { CalledPort } from './plan-listeners.ts';
import { placesMetadata } from './provenance.ts';
import { emitRetries } from './retry-policy.ts';
import { noTimeouts } from './route-action.ts';
import { differingHosts, hostsOf, planRoutes, type RoutePlan, type RouteSource } from './route-plan.ts';

export const virtualHostType = 'envoy.config.route.v3.VirtualHost';

const inBrackets = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** The names of a service that leave parts of its host out; `near`: as clients in its own namespace call it. */
export function shortNames(service: Service, near: boolean): readonly string[] {
  const { name, namespace } = service;
  if (!isOfCluster(service)) return [];
  return [[name, namespace, 'svc'].join('.'), [name, namespace].join('.'), ...(near ? [name] : [])];
}

/** Other services are named by their hosts alone. */
const isOfCluster = (service: Service): boolean =>
  hasShortNames(service) && service.host.endsWith(`.svc.${clusterDomain}`);

/** The names by which clients of all namespaces may call a service. */
const namesOf = memo((service: Service): readonly string[] =>
  [service.host, [service.host, ''].join('.')].concat(shortNames(service, false)),
);

/** All names by which clients may call a service; `near`: those in its own namespace. */
const domainsOf = memo((service: Service, near: boolean): readonly string[] => {
  const names = near && isOfCluster(service) ? [...namesOf(service), service.name] : namesOf(service);
  const headless = service.resolution.kind === 'passthrough' ? names.map((each) => `*.${each}`) : [];
  return [...new Set([...names, ...headless, ...service.addresses.map(inBrackets)])];
});

function defaultRoute({ service, port, cluster }: CalledPort): JsonObject {
  const { hash, origin, retries } = cluster.policy;
  const retry = emitRetries(retries, false);
  const origins = [port.origin, ...(hash !== null && origin !== null ? [origin] : [])];
  return {
    name: 'default',
    match: { prefix: '/' },
    decorator: { operation: `${service.host}:${port.number}/*` },
    metadata: { filter_metadata: placesMetadata(origins) },
    route: {
      cluster: cluster.name,
      ...noTimeouts,
      ...(retry !== null && { retry_policy: retry }),
      ...(hash !== null && { hash_policy: hashStepsOf(cluster.policy).map(emitHashPolicy) }),
    },
  };
}

/** `domains` is a list joined by spaces, so that equal lists are one key. */
const lastHost = memo((_called: CalledPort, _domains: string): { host: WeakRef<EncodedPart> | null } => ({
  host: null,
}));

/** One service port as a virtual host: one and the same for as long as a route configuration has it. */
function emitVirtualHost(called: CalledPort, domains: string): EncodedPart {
  const last = lastHost(called, domains);
  const known = last.host?.deref();
  if (known !== undefined) return known;
  const host = virtualHost(called, domains);
  last.host = new WeakRef(host);
  return host;
}

function virtualHost(called: CalledPort, domains: string): EncodedPart {
  const { service, port, cluster } = called;
  const name = `${service.host}:${port.number}`;
  const json = () => ({
    name,
    domains: domains.split(' '),
    routes: [defaultRoute(called)],
    include_request_attempt_count: true,
  });
  const { origin } = cluster.policy;
  return encodedPart(virtualHostType, name, json, [service.origin].concat(origin ?? []));
}

const lastRouted = memo((_plan: RoutePlan, _name: string, _domains: string): { host: WeakRef<EncodedPart> | null } => ({
  host: null,
}));

/** A host and port that rules speak of, as a virtual host: one and the same for as long as a route configuration has it. */
function emitRoutedHost(plan: RoutePlan, host: string, port: number, domains: string): EncodedPart {
  const name = `${host}:${port}`;
  const last = lastRouted(plan, name, domains);
  const known = last.host?.deref();
  if (known !== undefined) return known;
  const json = () => ({
    name,
    domains: domains.split(' '),
    routes: emitHttpRoutes(plan, port),
    include_request_attempt_count: true,
  });
  const made = encodedPart(virtualHostType, name, json, routeOrigins(plan));
  last.host = new WeakRef(made);
  return made;
}

function catchAll(name: string, action: JsonObject): EncodedPart {
  const routes = [{ name, match: { prefix: '/' }, ...action }];
  return encodedPart(virtualHostType, name, { name, domains: ['*'], routes, include_request_attempt_count: true }, []);
}

/** Requests for hosts that no service has. */
const letOut = memo(
  ({ cluster }: Elsewhere): EncodedPart => catchAll('allow_any', { route: { cluster, ...noTimeouts } }),
);

const blockAll = catchAll('block_all', {
  direct_response: { status: 502, body: { inline_string: 'no service of the mesh has this host\n' } },
});

/** What stands in every route configuration. */
export const shell: JsonObject = {
  validate_clusters: false,
  ignore_port_in_host_matching: true,
  max_direct_response_body_size_bytes: 1048576,
};

/** The route configuration of a port whose protocol is detected: only one service can be meant. */
export const emitSniffedRoutes = memo((name: string, called: CalledPort, plan: RoutePlan | null): XdsResource => {
  const { service, port } = called;
  const host = plan === null ? emitVirtualHost(called, '*') : emitRoutedHost(plan, service.host, port.number, '*');
  return routeConfiguration(name, shell, [host]);
});

/** Other names for services: the names of ExternalName Services, by the host that they stand for. */
export type Aliases = ReadonlyMap<string, readonly Service[]>;

/** Hosts of rules that no service has; each is called by that name alone. */
function emitOtherHosts(
  port: number,
  source: RouteSource,
  taken: ReadonlySet<string>,
  group: ProxyGroup,
): readonly EncodedPart[] {
  return source.others.flatMap(([host, { ports }]) => {
    const plan = ports.includes(port) && !taken.has(host) ? planRoutes(source, host, port, group) : null;
    return plan === null ? [] : [emitRoutedHost(plan, host, port, host)];
  });
}

/** What the route configuration of a port is made from. */
interface SharedInputs {
  readonly called: readonly CalledPort[];
  readonly aliases: Aliases;
  readonly source: RouteSource;
}

/** One of those called, and what was made of it. */
interface Placed {
  readonly called: CalledPort;
  /** Joined by spaces; empty: others have taken them all. */
  readonly domains: string;
  readonly plan: RoutePlan | null;
  /** Null where it has no domain. */
  readonly host: EncodedPart | null;
}

interface SharedMade {
  readonly inputs: SharedInputs;
  readonly placed: readonly Placed[];
}

/** What was made last for a group and port, so that one change costs no look into all the others. */
const lastShared = memo((_group: ProxyGroup, _port: number): { made: SharedMade | null } => ({ made: null }));

/** Of equal domains the first wins, since Envoy refuses the whole configuration otherwise. */
function domainsLeft({ called, aliases }: SharedInputs, namespace: string): readonly string[] {
  const taken = new Set<string>();
  return called.map(({ service }) => {
    const others = aliases.get(service.host) ?? [];
    const own = domainsOf(service, service.namespace === namespace);
    const all = own.concat(others.flatMap((each) => domainsOf(each, each.namespace === namespace)));
    const domains = all.filter((domain) => !taken.has(domain) && taken.add(domain));
    return domains.join(' ');
  });
}

/** As they were, where nothing that decides about them has changed. */
function domainsAfter({ inputs: before, placed }: SharedMade, inputs: SharedInputs, namespace: string) {
  const same =
    before.aliases === inputs.aliases &&
    before.called.length === inputs.called.length &&
    inputs.called.every(({ service }, index) => service === before.called[index]?.service);
  return same ? placed.map(({ domains }) => domains) : domainsLeft(inputs, namespace);
}

/** Which hosts are others than before, with the other names of those. */
function changedHosts({ inputs: before }: SharedMade, { source, aliases }: SharedInputs): ReadonlySet<string> {
  const hosts = differingHosts(before.source, source);
  const names = [...hosts].flatMap((host) => (aliases.get(host) ?? []).map((alias) => alias.host));
  return names.length === 0 ? hosts : new Set([...hosts, ...names]);
}

/** For each of those called what was made of it before; mostly it stands at the same place. */
function placedBefore({ placed }: SharedMade, called: readonly CalledPort[]): readonly (Placed | undefined)[] {
  const hostAt = (index: number): string | undefined => placed[index]?.called.service.host;
  if (called.every(({ service }, index) => service.host === hostAt(index))) return placed;
  const byHost = new Map(placed.map((each) => [each.called.service.host, each] as const));
  return called.map(({ service }) => byHost.get(service.host));
}

/** `before` itself, as far as all of it still holds. */
function place(called: CalledPort, domains: string, plan: RoutePlan | null, before: Placed | undefined): Placed {
  if (before?.called === called && before.plan === plan && before.domains === domains) return before;
  if (domains === '') return { called, domains, plan, host: null };
  const { service, port } = called;
  const made =
    plan === null ? emitVirtualHost(called, domains) : emitRoutedHost(plan, service.host, port.number, domains);
  const known = before?.host ?? made;
  return { called, domains, plan, host: sameContent(known, made) ? known : made };
}

function placeAll(inputs: SharedInputs, last: SharedMade | null, port: number, group: ProxyGroup): readonly Placed[] {
  const { called, source } = inputs;
  const domains = last === null ? domainsLeft(inputs, group.namespace) : domainsAfter(last, inputs, group.namespace);
  const changed = last === null ? null : changedHosts(last, inputs);
  const before = last === null ? [] : placedBefore(last, called);
  const holds = ({ plan, called: { service } }: Placed): boolean =>
    changed !== null &&
    !changed.has(service.host) &&
    (plan === null || !hostsOf(plan).some((host) => changed.has(host)));
  return called.map((each, index) => {
    const known = before[index];
    const plan = known !== undefined && holds(known) ? known.plan : planRoutes(source, each.service.host, port, group);
    return place(each, domains[index] ?? '', plan, known);
  });
}

/**
 * The route configuration that all HTTP services of a port share. Virtual hosts are sorted by host, those of services
 * first.
 */
export function emitSharedRoutes(
  port: number,
  inputs: SharedInputs,
  elsewhere: Elsewhere,
  group: ProxyGroup,
): XdsResource {
  const last = lastShared(group, port);
  const placed = placeAll(inputs, last.made, port, group);
  last.made = { inputs, placed };
  const { others } = inputs.source;
  const taken = new Set(others.length === 0 ? [] : placed.flatMap(({ domains }) => domains.split(' ')));
  const hosts = placed.flatMap(({ host }) => host ?? []);
  const rest = elsewhere.blocks ? blockAll : letOut(elsewhere);
  return routeConfiguration(String(port), shell, [
    ...hosts,
    ...emitOtherHosts(port, inputs.source, taken, group),
    rest,
  ]);
}
