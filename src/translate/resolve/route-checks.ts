// What is to be said of VirtualServices: destinations that lead nowhere, hosts of nobody, several for one host.
import type { Service } from '../../crds/service.ts';
import { memo } from '../../lib/memo.ts';
import type { TrackedCalls } from '../../lib/tracked-calls.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import { clusterDomain } from '../../model/names.ts';
import { type PolicyChoice, policiesIn } from '../../model/policy.ts';
import { type ClientMatch, type Destination, type HttpRoute, meshGateway } from '../../model/route.ts';
import { type Protocol, serviceAt } from '../../model/service.ts';
import type { RoutingRule } from './delegates.ts';
import { isExportedTo } from './exports.ts';
import { likelyHost } from './policies.ts';
import { ownFirst, sharedHost } from './shared-hosts.ts';
import { covers, namedNamespaces } from './virtual-services.ts';

type Services = ReadonlyMap<string, Service>;
type Policies = ReadonlyMap<string, PolicyChoice>;

const subsetsOf = memo((choice: PolicyChoice): ReadonlySet<string> => {
  return new Set(policiesIn(choice).flatMap(({ subsets }) => subsets.map(({ name }) => name)));
});

/** Why a destination leads nowhere for callers of `called`; null: it leads somewhere. */
function lost({ host, port, subset }: Destination, called: readonly number[], services: Services, policies: Policies) {
  const service = serviceAt(services, host);
  if (service === undefined) return `no Service has the host ${host}`;
  const known = service.ports.map(({ number }) => number);
  const ports = `it has ${known.join(', ') || 'none'}`;
  if (port !== null && !known.includes(port)) return `${host} has no port ${port} (${ports})`;
  const missing = port === null ? called.find((number) => !known.includes(number)) : undefined;
  if (missing !== undefined) {
    return `${host} has no port ${missing}, which is the one that is called (${ports}); write destination.port.number`;
  }
  if (subset === null) return null;
  const choice = policies.get(service.host);
  const subsets = choice === undefined ? new Set<string>() : subsetsOf(choice);
  return subsets.has(subset) ? null : `no DestinationRule for ${service.host} defines the subset "${subset}"`;
}

function destinationsOf({ action }: HttpRoute): readonly Destination[] {
  if (action.kind !== 'forward') return [];
  return [...action.shares, ...action.mirrors].map(({ destination }) => destination);
}

const httpProtocols: readonly Protocol[] = ['http', 'http2', 'grpc', 'auto'];
const connectionProtocols: readonly Protocol[] = ['tcp', 'tls', 'auto'];

/** The ports on which sidecars call a route, as far as the services say that its rule names. */
function portsCalled(
  { source }: RoutingRule,
  matches: readonly { readonly client: ClientMatch }[],
  protocols: readonly Protocol[],
  services: Services,
): readonly number[] {
  const ofMesh = matches.filter(({ client }) => client.gateways?.includes(meshGateway) ?? true);
  if (!source.gateways.includes(meshGateway) || ofMesh.length === 0) return [];
  const asked = ofMesh.map(({ client }) => client.port);
  if (asked.every((port) => port !== null)) return asked;
  const known = source.hosts.flatMap(({ host }) => serviceAt(services, host)?.ports ?? []);
  return known.filter(({ protocol }) => protocols.includes(protocol)).map(({ number }) => number);
}

function leadingNowhere(rule: RoutingRule, services: Services, policies: Policies): readonly Diagnostic[] {
  const said = (destinations: readonly Destination[], called: readonly number[]): readonly Diagnostic[] =>
    destinations.flatMap((destination) => {
      const why = lost(destination, called, services, policies);
      return why === null ? [] : [diagnose('SLC0225', destination.origin, why)];
    });
  return [
    ...rule.routes.flatMap((route) =>
      said(destinationsOf(route), portsCalled(rule, route.matches, httpProtocols, services)),
    ),
    ...rule.source.connections.flatMap(({ matches, shares }) => {
      const called = portsCalled(rule, matches, connectionProtocols, services);
      return said(
        shares.map(({ destination }) => destination),
        called,
      );
    }),
  ];
}

/** Hosts that look as if they were meant to be those of services. */
function ofNobody({ source }: RoutingRule, services: Services): readonly Diagnostic[] {
  return source.hosts.flatMap(({ host, origin }) => {
    const alias = services.get(host)?.resolution.kind === 'alias';
    if (alias)
      return [diagnose('SLC0110', origin, `${host} is another name for a service: write the rule for that one`)];
    if (covers(host, services)) return [];
    const local = services.has(`${host}.svc.${clusterDomain}`) || services.has(`${host}.${clusterDomain}`);
    if (!local && !host.endsWith(`.${clusterDomain}`)) return [];
    const near = likelyHost({ host, namespace: source.namespace }, services);
    return [diagnose('SLC0201', origin, `no Service has the host ${host}${near}`)];
  });
}

/** Routes of a kind that none of the ports carries. */
function withoutPort({ source, routes }: RoutingRule, services: Services): readonly Diagnostic[] {
  if (!source.gateways.includes(meshGateway)) return [];
  const known = source.hosts.flatMap(({ host }) => serviceAt(services, host) ?? []);
  if (known.length === 0) return [];
  const { connections } = source;
  const kinds = [
    { what: 'HTTP', first: routes[0], protocols: httpProtocols },
    { what: 'TLS', first: connections.find(({ kind }) => kind === 'tls'), protocols: ['tls'] },
    { what: 'TCP', first: connections.find(({ kind }) => kind === 'tcp'), protocols: connectionProtocols },
  ];
  return kinds.flatMap(({ what, first, protocols }) => {
    const carried = known.some(({ ports }) => ports.some(({ protocol }) => protocols.includes(protocol)));
    if (first === undefined || carried) return [];
    const hosts = known.map(({ host }) => host).join(', ');
    return [diagnose('SLC0110', first.origin, `no port of ${hosts} carries ${what}, so these routes are for nothing`)];
  });
}

/** The longest list of rules for one host that some client sees together. */
function together(rules: readonly RoutingRule[]): readonly RoutingRule[] {
  const lists = ['*', ...namedNamespaces(rules)].map((namespace) =>
    rules.filter(({ source }) => isExportedTo(source, namespace)),
  );
  return lists.reduce((longest, list) => (list.length > longest.length ? list : longest), []);
}

const checkRule = (rule: RoutingRule, services: Services, policies: Policies): readonly Diagnostic[] => [
  ...ofNobody(rule, services),
  ...withoutPort(rule, services),
  ...leadingNowhere(rule, services, policies),
];

export type CheckCalls = TrackedCalls<RoutingRule, RoutingRule, readonly [Services, Policies], readonly Diagnostic[]>;

/** All that is to be said. */
export function checkRoutes(
  rules: readonly RoutingRule[],
  byPattern: ReadonlyMap<string, readonly RoutingRule[]>,
  services: Services,
  policies: Policies,
  calls: CheckCalls,
): readonly Diagnostic[] {
  const ofRules = calls.round([services, policies], (run) => rules.flatMap((rule) => run(rule, rule, checkRule)));
  const shared = [...byPattern].filter(([, list]) => list.length > 1);
  const ofHosts = shared.flatMap(([host, list]) => {
    const owner = services.get(host)?.namespace ?? null;
    return sharedHost(host, together(owner === null ? list : ownFirst(list, owner)), owner);
  });
  return [...ofRules, ...ofHosts];
}
