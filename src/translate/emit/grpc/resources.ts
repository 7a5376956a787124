// What a gRPC client that is its own proxy gets (gRFCs A27, A28, A42, A44). It asks for a Listener by the very name in its
// target (`xds:///HOST:PORT`), then for what that names: routes, cluster, endpoints.
//
// Invariant: no field is here that gRPC refuses; it ignores what it does not know, but refuses values it does not know.
import { type ResourceTable, resource, resourceTable, type XdsResource } from '../../../envoy/resource.ts';
import type { ResourceKind } from '../../../envoy/types.ts';
import type { JsonObject } from '../../../lib/json.ts';
import { memo } from '../../../lib/memo.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../../model/diagnostic.ts';
import type { Endpoint, EndpointView } from '../../../model/endpoint.ts';
import type { Mesh } from '../../../model/mesh.ts';
import { at, originOf } from '../../../model/origin.ts';
import type { ProxyGroup } from '../../../model/proxy.ts';
import { routesFor } from '../../../model/route.ts';
import { adsSource, type ClusterPlan, circuitBreakers, clusterMetadata, clusterOrigins } from '../cluster.ts';
import { byLocality, emitLocality, totalWeight } from '../endpoints.ts';
import { apiHttp } from '../http-connection-manager.ts';
import { type CalledPort, sniffedRouteName } from '../plan-listeners.ts';
import { placesMetadata } from '../provenance.ts';
import { type Aliases, shortNames } from '../route.ts';
import { grpcBalancing, reportLost } from './balancing.ts';

const emitCluster = memo((plan: ClusterPlan): XdsResource => {
  const { name } = plan;
  const origins = clusterOrigins(plan);
  const json = {
    name,
    type: 'EDS',
    eds_cluster_config: { service_name: name, eds_config: adsSource },
    ...grpcBalancing(plan.policy).fields,
    circuit_breakers: circuitBreakers,
    metadata: clusterMetadata(plan, origins),
  };
  return resource('cluster', name, json, origins);
});

/**
 * Endpoints that may be called. Turns are taken inside a locality, which is chosen by its weight; a ring has the
 * endpoints of all localities, each as often as its own weight times its locality's.
 */
const emitLoadAssignment = memo(
  (plan: ClusterPlan, endpoints: readonly Endpoint[], view: EndpointView): XdsResource => {
    const { name } = plan;
    const healthy = endpoints.filter((endpoint) => endpoint.healthy);
    const ring = grpcBalancing(plan.policy).fields['lb_policy'] === 'RING_HASH';
    const groups = byLocality(plan, healthy, view).map((group) => emitLocality(group, ring ? 1 : totalWeight(group)));
    return resource('endpoint', name, { cluster_name: name, endpoints: groups }, [plan.service.origin]);
  },
);

/** What of the retries of an Envoy gRPC knows. Timeouts are the callers' own deadlines. */
const retryPolicy: JsonObject = { retry_on: 'unavailable,cancelled', num_retries: 2 };

/** The route configuration of one port: whatever the name by which it is called, all calls go to its cluster. */
const emitRoutes = memo(({ service, port, cluster }: CalledPort): XdsResource => {
  const name = sniffedRouteName(service, port.number);
  const { hash } = grpcBalancing(cluster.policy);
  const origins = [port.origin, ...(hash !== null && cluster.policy.origin !== null ? [cluster.policy.origin] : [])];
  const route = {
    name: 'default',
    match: { prefix: '/' },
    metadata: { filter_metadata: placesMetadata(origins) },
    route: { cluster: cluster.name, retry_policy: retryPolicy, ...(hash !== null && { hash_policy: [hash] }) },
  };
  const json = { name, virtual_hosts: [{ name, domains: ['*'], routes: [route] }] };
  return resource('route', name, json, [service.origin, ...origins]);
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

/** The rules for services that are called here; each once. */
function reportRules(called: readonly CalledPort[], routes: Mesh['routes'], { namespace }: ProxyGroup): Diagnostic[] {
  const rules = called.flatMap(({ service: { host } }) => routesFor(routes.get(host), namespace)?.rules ?? []);
  const message = 'gRPC clients that are their own proxy go to the service itself, whatever the routes say';
  return [...new Set(rules)].map((id) => diagnose('SLC0227', at(originOf(id), 'spec', 'http'), message));
}

const emitRouting = memo(
  (called: readonly CalledPort[], aliases: Aliases, routes: Mesh['routes'], group: ProxyGroup): Routing => ({
    value: {
      cluster: resourceTable(called.map(({ cluster }) => emitCluster(cluster))),
      listener: resourceTable(emitListeners(called, aliases, group)),
      route: resourceTable(called.map((each) => emitRoutes(each))),
    },
    diagnostics: [...reportLost(called.map(({ cluster }) => cluster.policy)), ...reportRules(called, routes, group)],
  }),
);

const noEndpoints: readonly Endpoint[] = [];

const emitLoadAssignments = memo(
  (called: readonly CalledPort[], endpoints: Mesh['endpoints'], view: EndpointView): ResourceTable =>
    resourceTable(
      called.map(({ service, port, cluster }) =>
        emitLoadAssignment(cluster, endpoints.get(service.host)?.get(port.name) ?? noEndpoints, view),
      ),
    ),
);

/** Everything that gRPC clients of a group get. The same inputs give the same objects. */
export function emitGrpcResources(
  called: readonly CalledPort[],
  aliases: Aliases,
  { endpoints, routes }: Pick<Mesh, 'endpoints' | 'routes'>,
  group: ProxyGroup,
): Outcome<Resources> {
  const { value, diagnostics } = emitRouting(called, aliases, routes, group);
  return { value: { ...value, endpoint: emitLoadAssignments(called, endpoints, group.endpointView) }, diagnostics };
}
