// What a gRPC client that is its own proxy gets (gRFCs A27, A28, A42, A44). It asks for a Listener by the very name in its
// target (`xds:///HOST:PORT`), then for what that names: routes, cluster, endpoints.
//
// Invariant: no field is here that gRPC refuses; it ignores what it does not know, but refuses values it does not know.
import { type ResourceTable, resource, resourceTable, type XdsResource } from '../../../envoy/resource.ts';
import type { ResourceKind } from '../../../envoy/types.ts';
import type { JsonObject } from '../../../lib/json.ts';
import { memo } from '../../../lib/memo.ts';
import type { Outcome } from '../../../model/diagnostic.ts';
import type { Endpoint, EndpointView } from '../../../model/endpoint.ts';
import type { Mesh } from '../../../model/mesh.ts';
import { blackHoleCluster } from '../../../model/names.ts';
import type { Origin } from '../../../model/origin.ts';
import { defaultPortPolicy } from '../../../model/port-policy.ts';
import type { ProxyGroup } from '../../../model/proxy.ts';
import { clusterMetadata, clusterOrigins } from '../cluster.ts';
import { type ClusterPlan, isRefused } from '../cluster-plan.ts';
import { circuitBreakers } from '../connection-limits.ts';
import { adsSource } from '../discovery.ts';
import { callable, emitLocality, noMarks, placesInstances, seenBy } from '../endpoints.ts';
import { apiHttp } from '../http-connection-manager.ts';
import { routeOrigins } from '../http-routes.ts';
import { type CalledPort, type CalledService, sniffedRouteName } from '../plan-listeners.ts';
import { placesMetadata } from '../provenance.ts';
import { type Aliases, shortNames } from '../route.ts';
import { planRoutes, type RoutePlan, type RouteSource } from '../route-plan.ts';
import { grpcBalancing, reportLost } from './balancing.ts';
import { grpcDiscovery, reportUnfound } from './discovery.ts';
import { emitGrpcRoutes, usualRetries } from './routes.ts';

const emitCluster = memo((plan: ClusterPlan): XdsResource => {
  const { name } = plan;
  const origins = clusterOrigins(plan);
  const json = {
    name,
    ...grpcDiscovery(plan),
    ...grpcBalancing(plan.policy).fields,
    circuit_breakers: circuitBreakers,
    metadata: clusterMetadata(plan, origins),
  };
  return resource('cluster', name, json, origins);
});

const noEndpoints: readonly Endpoint[] = [];

/**
 * Endpoints that may be called. Turns are taken inside a locality, which is chosen by its weight; a ring has the
 * endpoints of all localities, each as often as its own weight times its locality's.
 */
const assignment = memo((plan: ClusterPlan, endpoints: readonly Endpoint[], view: EndpointView): XdsResource => {
  const { name } = plan;
  const healthy = isRefused(plan) ? noEndpoints : endpoints.filter((endpoint) => endpoint.healthy);
  const ring = grpcBalancing(plan.policy).fields['lb_policy'] === 'RING_HASH';
  const marks = { ...noMarks, instance: ring && placesInstances(plan) };
  const groups = callable(plan, healthy, view)
    .filter((group) => group.endpoints.length > 0)
    .map((group) => emitLocality(ring ? { ...group, weight: 1 } : group, marks));
  return resource('endpoint', name, { cluster_name: name, endpoints: groups }, [plan.service.origin]);
});

const emitLoadAssignment = (plan: ClusterPlan, endpoints: readonly Endpoint[], view: EndpointView): XdsResource =>
  assignment(plan, endpoints, seenBy(plan, view));

/** The route configuration of one port: whatever the name by which it is called, all calls go to its cluster. */
const emitRoutes = memo(({ service, port, cluster }: CalledPort): XdsResource => {
  const { hash } = grpcBalancing(cluster.policy);
  const origins = [port.origin, ...(hash.length > 0 && cluster.policy.origin !== null ? [cluster.policy.origin] : [])];
  const route = {
    name: 'default',
    match: { prefix: '/' },
    metadata: { filter_metadata: placesMetadata(origins) },
    route: { cluster: cluster.name, retry_policy: usualRetries, ...(hash.length > 0 && { hash_policy: hash }) },
  };
  return routeConfiguration(sniffedRouteName(service, port.number), [route], [service.origin, ...origins]);
});

function routeConfiguration(name: string, routes: readonly JsonObject[], origins: readonly Origin[]): XdsResource {
  return resource('route', name, { name, virtual_hosts: [{ name, domains: ['*'], routes }] }, origins);
}

/** The same where rules speak of the port. */
const emitRuledRoutes = memo(({ service, port }: CalledPort, plan: RoutePlan): XdsResource => {
  const routes = emitGrpcRoutes(plan, port.number).value;
  return routeConfiguration(sniffedRouteName(service, port.number), routes, routeOrigins(plan));
});

const emitListener = memo(({ service, port }: CalledPort, name: string): XdsResource => {
  const json = { name, api_listener: { api_listener: apiHttp(sniffedRouteName(service, port.number)) } };
  return resource('listener', name, json, [service.origin]);
});

/** A listener per name by which the port may be called; of equal names the first wins. */
function emitListeners(
  called: readonly CalledPort[],
  aliases: Aliases,
  { namespace }: ProxyGroup,
): readonly XdsResource[] {
  const listeners = new Map<string, XdsResource>();
  for (const each of called) {
    for (const service of [each.service, ...(aliases.get(each.service.host) ?? [])]) {
      for (const host of [service.host, ...shortNames(service, service.namespace === namespace)]) {
        const name = `${host}:${each.port.number}`;
        if (!listeners.has(name)) listeners.set(name, emitListener(each, name));
      }
    }
  }
  return [...listeners.values()];
}

type Resources = { readonly [K in ResourceKind]: ResourceTable };
type Routing = Outcome<Pick<Resources, 'cluster' | 'listener' | 'route'>>;

/** A port with what rules say of it. */
interface RuledPort {
  readonly each: CalledPort;
  readonly plan: RoutePlan | null;
}

/** Subsets are called by the routes of rules alone. */
const clustersOf = ({ ports, subsets }: CalledService, { routes }: RouteSource): readonly ClusterPlan[] => {
  const whole = ports.map(({ cluster }) => cluster);
  return routes.size === 0 ? whole : [...whole, ...subsets];
};

/** A cluster without endpoints: calls to it fail at once. */
const nowhereAtAll = {
  clusters: [
    resource(
      'cluster',
      blackHoleCluster,
      {
        name: blackHoleCluster,
        type: 'EDS',
        eds_cluster_config: { service_name: blackHoleCluster, eds_config: adsSource },
        ...grpcBalancing(defaultPortPolicy).fields,
      },
      [],
    ),
  ],
  endpoints: [resource('endpoint', blackHoleCluster, { cluster_name: blackHoleCluster, endpoints: [] }, [])],
};
const nothing = { clusters: [], endpoints: [] };

/** Only the routes of rules lead there. */
const nowhere = ({ routes }: RouteSource) => (routes.size === 0 ? nothing : nowhereAtAll);

const emitRouting = memo((called: CalledService, aliases: Aliases, source: RouteSource, group: ProxyGroup): Routing => {
  const clusters = clustersOf(called, source);
  const ports = called.ports.map((each): RuledPort => {
    return { each, plan: planRoutes(source, each.service.host, each.port.number, group) };
  });
  const said = ports.flatMap(({ each, plan }) =>
    plan === null ? [] : emitGrpcRoutes(plan, each.port.number).diagnostics,
  );
  return {
    value: {
      cluster: resourceTable([...clusters.map((each) => emitCluster(each)), ...nowhere(source).clusters]),
      listener: resourceTable(emitListeners(called.ports, aliases, group)),
      route: resourceTable(
        ports.map(({ each, plan }) => (plan === null ? emitRoutes(each) : emitRuledRoutes(each, plan))),
      ),
    },
    diagnostics: [...reportLost(clusters.map(({ policy }) => policy)), ...reportUnfound(clusters), ...said],
  };
});

const emitLoadAssignments = memo(
  (called: CalledService, source: RouteSource, endpoints: Mesh['endpoints'], view: EndpointView): ResourceTable =>
    resourceTable([
      ...clustersOf(called, source).map((plan) =>
        emitLoadAssignment(plan, endpoints.get(plan.service.host)?.get(plan.port.name) ?? noEndpoints, view),
      ),
      ...nowhere(source).endpoints,
    ]),
);

/** Everything that gRPC clients of a group get. The same inputs give the same objects. */
export function emitGrpcResources(
  called: CalledService,
  aliases: Aliases,
  source: RouteSource,
  endpoints: Mesh['endpoints'],
  group: ProxyGroup,
): Outcome<Resources> {
  const { value, diagnostics } = emitRouting(called, aliases, source, group);
  const endpoint = emitLoadAssignments(called, source, endpoints, group.endpointView);
  return { value: { ...value, endpoint }, diagnostics };
}
