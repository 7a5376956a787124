// Mesh and group → all resources of the group.
import { type ResourceTable, resourceTable, type XdsResource } from '../../envoy/resource.ts';
import type { ResourceKind } from '../../envoy/types.ts';
import { internList } from '../../lib/intern.ts';
import { withValues } from '../../lib/layered-map.ts';
import { memo } from '../../lib/memo.ts';
import type { Steps } from '../../lib/slices.ts';
import { differingKeys } from '../../lib/tracked-calls.ts';
import type { Diagnostic, Outcome } from '../../model/diagnostic.ts';
import type { Endpoint, EndpointView } from '../../model/endpoint.ts';
import type { ListenerSight, Mesh, Sight } from '../../model/mesh.ts';
import {
  anyClientIn,
  type PolicyClient,
  policyClient,
  policyFor,
  type ServicePolicy,
  type Subset,
} from '../../model/policy.ts';
import { defaultPortPolicy } from '../../model/port-policy.ts';
import type { Interception, ProxyGroup } from '../../model/proxy.ts';
import { isHttp, isProxied, type Service, type ServicePort, serviceAt } from '../../model/service.ts';
import { emitVirtualInbound, emitVirtualOutbound } from './capture.ts';
import { emitCluster } from './cluster.ts';
import { type ClusterPlan, planCluster } from './cluster-plan.ts';
import { type Exit, planExits } from './egress.ts';
import { elsewhereOf } from './elsewhere.ts';
import { emitLoadAssignment } from './endpoints.ts';
import { emitGateways, type GatewayResources } from './gateways.ts';
import { emitGrpcResources } from './grpc/resources.ts';
import { emitHeadless } from './headless.ts';
import { emitInboundClusters } from './inbound-clusters.ts';
import { emitIngressListeners, ingressDiagnostics } from './ingress.ts';
import { emitOutbound } from './listener.ts';
import { withPeers } from './peers.ts';
import { type CalledService, hasOwnListener, sniffedRouteName } from './plan-listeners.ts';
import { type Aliases, emitSharedRoutes, emitSniffedRoutes } from './route.ts';
import { planRoutes, type RouteSource } from './route-plan.ts';
import { blackHole, emitInboundPassthrough, passthrough } from './special-clusters.ts';
import { unheard, unmet } from './unmet.ts';

export type Resources = { readonly [K in ResourceKind]: ResourceTable };

const callService = memo((service: Service, bound: ServicePolicy | null, interception: Interception): CalledService => {
  const proxied = service.resolution.kind === 'alias' ? [] : service.ports.filter((port) => isProxied(port.protocol));
  const plan = (port: ServicePort, part: ServicePolicy | Subset | null, subset: Subset | null): ClusterPlan =>
    planCluster(service, port, part?.ports.get(port.number) ?? defaultPortPolicy, bound, subset, interception);
  return {
    ports: proxied.map((port) => ({ service, port, cluster: plan(port, bound, null) })),
    subsets: proxied.flatMap((port) => (bound?.subsets ?? []).map((subset) => plan(port, subset, subset))),
  };
});

/** What clients call; depends on services and policies alone, not on endpoints. */
const callServices = memo(
  (
    services: Mesh['services'],
    policies: Mesh['policies'],
    client: PolicyClient,
    interception: Interception,
  ): CalledService => {
    const called = [...services].map(([host, service]) =>
      callService(service, policyFor(policies.get(host), client), interception),
    );
    return { ports: called.flatMap(({ ports }) => ports), subsets: called.flatMap(({ subsets }) => subsets) };
  },
);

/** Looks services up as clients call them; the same inputs give the same object. */
const routeSource = memo(
  (
    routes: Mesh['routes'],
    services: Mesh['services'],
    policies: Mesh['policies'],
    client: PolicyClient,
    interception: Interception,
  ): RouteSource => ({
    routes,
    services,
    policies,
    others: [...routes].filter(([host]) => !services.has(host)),
    find: (host) => {
      const service = serviceAt(services, host);
      if (service === undefined) return undefined;
      return callService(service, policyFor(policies.get(service.host), client), interception);
    },
  }),
);

const aliasesOf = memo((services: Mesh['services']): Aliases => {
  const aliases = [...services.values()].filter(({ resolution }) => resolution.kind === 'alias');
  return Map.groupBy(aliases, ({ resolution }) => (resolution.kind === 'alias' ? resolution.target : ''));
});

const isCaptured = ({ role, interception }: ProxyGroup): boolean => role === 'sidecar' && interception !== 'NONE';

const emitClusters = memo(
  (called: CalledService, byOthers: CalledService, group: ProxyGroup): readonly XdsResource[] => {
    const plans = [...called.ports.map(({ cluster }) => cluster), ...called.subsets];
    const clusters = [...plans.map((plan) => emitCluster(plan, group)), blackHole];
    const inbound = emitInboundClusters(byOthers, group);
    if (!isCaptured(group)) return [...clusters, ...inbound];
    return [...clusters, passthrough, emitInboundPassthrough(group.ipFamily), ...inbound];
  },
);

function emitListeners(exits: readonly Exit[], source: RouteSource, group: ProxyGroup): readonly XdsResource[] {
  const outbound = exits.flatMap(({ plans, group: exit }) => plans.map((plan) => emitOutbound(plan, source, exit)));
  const ingress = emitIngressListeners(group);
  const taken = new Set(ingress.map(({ name }) => name));
  const own = [...ingress, ...outbound.filter(({ name }) => !taken.has(name))];
  if (!isCaptured(group)) return own;
  return [emitVirtualOutbound(elsewhereOf(source, group), group), emitVirtualInbound(group), ...own];
}

/** A port with HTTP on the shared address takes in detected ports of the same number that have listeners of their own. */
function emitRoutes({ plans, called, group }: Exit, aliases: Aliases, source: RouteSource): readonly XdsResource[] {
  const elsewhere = elsewhereOf(source, group);
  const names = new Set(plans.map(({ routeName }) => routeName));
  const spoken = called.filter(({ port }) => isHttp(port.protocol) || port.protocol === 'auto');
  const byPort = Map.groupBy(spoken, ({ port }) => port.number);
  const shared = [...byPort]
    .filter(([port]) => names.has(String(port)))
    .map(([port, all]) => emitSharedRoutes(port, { called: all, aliases, source }, elsewhere, group));
  const sniffed = spoken
    .filter((each) => !isHttp(each.port.protocol) && hasOwnListener(each, group))
    .map((each) => {
      const { service, port } = each;
      const plan = planRoutes(source, service.host, port.number, group);
      return emitSniffedRoutes(sniffedRouteName(service, port.number), each, plan);
    });
  return [...shared, ...sniffed.filter(({ name }) => names.has(name))];
}

const noEndpoints: readonly Endpoint[] = [];

/** The clusters whose endpoints come by EDS. */
const edsPlans = memo((called: CalledService): readonly ClusterPlan[] =>
  [...called.ports.map(({ cluster }) => cluster), ...called.subsets].filter(({ eds }) => eds),
);

const plansByHost = memo((called: CalledService) => Map.groupBy(edsPlans(called), ({ service: { host } }) => host));

const plansOf = (called: CalledService, hosts: ReadonlySet<string>): readonly ClusterPlan[] =>
  [...hosts].flatMap((host) => plansByHost(called).get(host) ?? []);

const endpointsOf = ({ service, port }: ClusterPlan, endpoints: Mesh['endpoints']): readonly Endpoint[] =>
  endpoints.get(service.host)?.get(port.name) ?? noEndpoints;

/** What was made last for the same clusters, so that one change costs no look at all the others. */
const lastAssignments = memo(
  (
    _called: CalledService,
    _view: EndpointView,
  ): { made: { from: Mesh['endpoints']; table: ResourceTable } | null } => ({
    made: null,
  }),
);

const emitLoadAssignments = memo(
  (called: CalledService, endpoints: Mesh['endpoints'], view: EndpointView): ResourceTable => {
    const last = lastAssignments(called, view);
    const { made } = last;
    const changed = made === null ? edsPlans(called) : plansOf(called, differingKeys(made.from, endpoints));
    const emitted = changed.map((plan) => emitLoadAssignment(plan, endpointsOf(plan, endpoints), view));
    const table = made === null ? resourceTable(emitted) : withResources(made.table, emitted);
    last.made = { from: endpoints, table };
    return table;
  },
);

const withResources = memo((table: ResourceTable, resources: readonly XdsResource[]): ResourceTable => {
  return withValues(table, resourceTable(resources));
});

interface Routing {
  readonly clusters: ResourceTable;
  readonly listeners: ResourceTable;
  readonly routes: ResourceTable;
  readonly diagnostics: readonly Diagnostic[];
}

type Listeners = readonly ListenerSight[] | null;

/** `byOthers`: what clients call that no rule chooses by their labels. */
const emitRouting = memo(
  (
    called: CalledService,
    byOthers: CalledService,
    listeners: Listeners,
    aliases: Aliases,
    source: RouteSource,
    group: ProxyGroup,
  ): Routing => {
    const exits = planExits(called.ports, listeners, group);
    const plans = exits.value.flatMap((exit) => exit.plans);
    return {
      clusters: resourceTable(emitClusters(called, byOthers, group)),
      listeners: resourceTable(emitListeners(exits.value, source, group)),
      routes: resourceTable(exits.value.flatMap((exit) => emitRoutes(exit, aliases, source))),
      diagnostics: [
        ...exits.diagnostics,
        ...unmet(called, group),
        ...unheard(plans, source, group),
        ...ingressDiagnostics(group, plans),
      ],
    };
  },
);

/** A gateway's listeners and routes come from Gateway objects. */
const emitGatewayRouting = memo(
  (called: CalledService, { listeners, routes, diagnostics }: GatewayResources, group: ProxyGroup): Routing => ({
    clusters: resourceTable(emitClusters(called, called, group)),
    listeners: resourceTable(listeners),
    routes: resourceTable(routes),
    diagnostics: [...diagnostics, ...unmet(called, group)],
  }),
);

function gatewayRouting(called: CalledService, source: RouteSource, mesh: Sight, group: ProxyGroup): Routing {
  const gateways = internList(group.gateways.flatMap((key) => mesh.gateways.get(key) ?? []));
  return emitGatewayRouting(called, emitGateways(gateways, source, group), group);
}

/** A gateway's callers address the gateway, so it cannot know which endpoint they meant. */
const interceptionOf = ({ role, interception }: ProxyGroup): Interception =>
  role === 'router' ? 'NONE' : interception;

/** The mesh that was prepared last for a group: what is the same in it is made. */
const lastPrepared = memo((_group: ProxyGroup): { mesh: Sight | null } => ({ mesh: null }));

/** The services of which something differs. */
function* unprepared(before: Sight | null, { services, policies, endpoints }: Sight): Iterable<Service> {
  if (before === null) return yield* services.values();
  const hosts = [
    ...differingKeys(before.services, services),
    ...differingKeys(before.policies, policies),
    ...differingKeys(before.endpoints, endpoints),
  ];
  for (const host of new Set(hosts)) {
    const service = services.get(host);
    if (service !== undefined) yield service;
  }
}

/** Makes what costs most, part by part, so that `emitResources` finds it made. */
export function* prepareResources(mesh: Sight, group: ProxyGroup): Steps {
  const last = lastPrepared(group);
  const [interception, client] = [interceptionOf(group), policyClient(mesh.policies, group)];
  for (const service of unprepared(last.mesh, mesh)) {
    const called = callService(service, policyFor(mesh.policies.get(service.host), client), interception);
    const plans = [...called.ports.map(({ cluster }) => cluster), ...called.subsets];
    for (const plan of plans) {
      if (group.generator !== 'grpc') emitCluster(plan, group);
      if (plan.eds) emitLoadAssignment(plan, endpointsOf(plan, mesh.endpoints), group.endpointView);
      yield;
    }
  }
  last.mesh = mesh;
}

/** Everything that proxies of a group get. The same inputs give the same objects. */
export function emitResources(mesh: Sight, group: ProxyGroup): Outcome<Resources> {
  const [interception, client] = [interceptionOf(group), policyClient(mesh.policies, group)];
  const called = callServices(mesh.services, mesh.policies, client, interception);
  const aliases = aliasesOf(mesh.services);
  const source = routeSource(mesh.routes, mesh.services, mesh.policies, client, interception);
  if (group.generator === 'grpc') return emitGrpcResources(called, aliases, source, mesh.endpoints, group);
  // What rules say to chosen clients does not hold for a chosen workload that is called.
  const byOthers = callServices(mesh.services, mesh.policies, anyClientIn(group.namespace), interception);
  const routing =
    group.role === 'router'
      ? gatewayRouting(called, source, mesh, group)
      : emitRouting(called, byOthers, mesh.listeners, aliases, source, group);
  const value = {
    cluster: routing.clusters,
    endpoint: withPeers(emitLoadAssignments(called, mesh.endpoints, group.endpointView), mesh, group),
    listener: routing.listeners,
    route: routing.routes,
  };
  if (!isCaptured(group)) return { value, diagnostics: routing.diagnostics };
  const { listeners, routes, diagnostics } = emitHeadless(called, mesh.endpoints, source, group);
  const listener = withResources(value.listener, listeners);
  const route = withResources(value.route, routes);
  return { value: { ...value, listener, route }, diagnostics: [...routing.diagnostics, ...diagnostics] };
}
