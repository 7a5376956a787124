// A service port's endpoints → envoy.config.endpoint.v3.ClusterLoadAssignment.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { tlsModeIstio, tlsModeLabel } from '../../model/client-tls.ts';
import { type Endpoint, type EndpointView, matches } from '../../model/endpoint.ts';
import { allNeeds, anywhere, narrowed, needsOf, ofNode, type ViewNeeds } from '../../model/endpoint-view.ts';
import { isHashing } from '../../model/lb-policy.ts';
import type { Ordering } from '../../model/locality-lb.ts';
import { type ClusterPlan, panicThreshold } from './cluster-plan.ts';
import { type LocalityGroup, placeEndpoints } from './locality.ts';
import { marksEndpoints } from './upstream-tls.ts';

/** Says that the endpoint can take mutual TLS: of a cluster's transport sockets it gets that one. */
const byMutualTls: JsonObject = { 'envoy.transport_socket_match': { tlsMode: tlsModeIstio } };
const takesMutualTls: JsonObject = { filter_metadata: byMutualTls };

/** What a cluster wants to know of its endpoints. */
interface Marks {
  /** Whether they can take mutual TLS. */
  readonly tls: boolean;
  /** What they are called wherever they run, by which a hash places them. */
  readonly instance: boolean;
}

export const noMarks: Marks = { tls: false, instance: false };

/** Whether a hash places the endpoints of a cluster by what they are called. */
export const placesInstances = ({ policy: { lb } }: ClusterPlan): boolean =>
  isHashing(lb) && lb.placedBy === 'instance';

function emitAddress(address: string, port: number): JsonObject {
  return address.startsWith('/') ? { pipe: { path: address } } : { socket_address: { address, port_value: port } };
}

/** LbEndpoint.metadata; RING_HASH and MAGLEV read `hash_key`, and take the address where there is none. */
function emitMarks({ labels, instance }: Endpoint, marks: Marks): JsonObject {
  const tls = marks.tls && labels.get(tlsModeLabel) === tlsModeIstio;
  if (!marks.instance || instance === null) return tls ? { metadata: takesMutualTls } : {};
  return { metadata: { filter_metadata: { ...(tls && byMutualTls), 'envoy.lb': { hash_key: instance } } } };
}

function emitEndpoint(endpoint: Endpoint, marks: Marks): JsonObject {
  const { address, port, healthy, weight } = endpoint;
  return {
    endpoint: { address: emitAddress(address, port) },
    ...(!healthy && { health_status: 'UNHEALTHY' }),
    ...((marks.tls || marks.instance) && emitMarks(endpoint, marks)),
    load_balancing_weight: weight,
  };
}

export function emitLocality({ locality, endpoints, weight, priority }: LocalityGroup, marks: Marks): JsonObject {
  const { region, zone, subZone } = locality;
  return {
    locality: {
      ...(region !== '' && { region }),
      ...(zone !== '' && { zone }),
      ...(subZone !== '' && { sub_zone: subZone }),
    },
    ...(endpoints.length > 0 && { lb_endpoints: endpoints.map((endpoint) => emitEndpoint(endpoint, marks)) }),
    load_balancing_weight: weight,
    ...(priority > 0 && { priority }),
  };
}

/** The endpoints of a cluster that a client with this view may call, by locality, in the order in which they count. */
export function callable(
  plan: ClusterPlan,
  endpoints: readonly Endpoint[],
  view: EndpointView,
): readonly LocalityGroup[] {
  const { service, subset, ordering } = plan;
  // With a share of good endpoints below which all are called, those that are not ready must not count.
  const withheld = panicThreshold(plan) > 0;
  const chosen = endpoints.filter(
    (endpoint) =>
      (endpoint.healthy || !withheld) &&
      (subset === null || matches(subset.labels, endpoint.labels)) &&
      (!service.nodeLocal || endpoint.node === view.node),
  );
  return placeEndpoints(chosen, ordering, view);
}

const nodeLocalNeeds = memo((ordering: Ordering): ViewNeeds => allNeeds([ofNode, needsOf(ordering)]));

/** What of a client the endpoints of a cluster depend on: mostly nothing. */
export function seenBy({ service, ordering }: ClusterPlan, view: EndpointView): EndpointView {
  if (ordering === null) return service.nodeLocal ? narrowed(ofNode, view) : anywhere;
  return narrowed(service.nodeLocal ? nodeLocalNeeds(ordering) : needsOf(ordering), view);
}

interface Assignment {
  readonly from: readonly Endpoint[];
  readonly made: XdsResource;
}

/** What was made last for a cluster: its endpoints come and go, and only those of now are asked for. */
const lastAssignment = memo((_view: EndpointView, _plan: ClusterPlan): { assignment: Assignment | null } => ({
  assignment: null,
}));

/** No endpoints is an answer too: a cluster that gets none would wait for ever. */
export function emitLoadAssignment(
  plan: ClusterPlan,
  endpoints: readonly Endpoint[],
  client: EndpointView,
): XdsResource {
  const view = seenBy(plan, client);
  const last = lastAssignment(view, plan);
  if (last.assignment?.from === endpoints) return last.assignment.made;
  const made = loadAssignment(plan, endpoints, view);
  last.assignment = { from: endpoints, made };
  return made;
}

/** The endpoints of a cluster as a client with this view may call them. */
export function assignment(plan: ClusterPlan, endpoints: readonly Endpoint[], view: EndpointView): JsonObject {
  const marks = { tls: marksEndpoints(plan), instance: placesInstances(plan) };
  const groups = callable(plan, endpoints, view).map((group) => emitLocality(group, marks));
  return { cluster_name: plan.name, endpoints: groups };
}

function loadAssignment(plan: ClusterPlan, endpoints: readonly Endpoint[], view: EndpointView): XdsResource {
  return resource('endpoint', plan.name, () => assignment(plan, endpoints, view), [plan.service.origin]);
}
