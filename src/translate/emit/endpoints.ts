// A service port's endpoints → envoy.config.endpoint.v3.ClusterLoadAssignment.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { byText } from '../../lib/sorted.ts';
import { type Endpoint, type EndpointView, type Locality, matches } from '../../model/endpoint.ts';
import type { ClusterPlan } from './cluster.ts';

function emitEndpoint({ address, port, healthy, weight }: Endpoint): JsonObject {
  return {
    endpoint: { address: { socket_address: { address, port_value: port } } },
    ...(!healthy && { health_status: 'UNHEALTHY' }),
    load_balancing_weight: weight,
  };
}

const localityKey = ({ region, zone, subZone }: Locality): string => `${region}/${zone}/${subZone}`;

/** One locality's endpoints; its weight counts where localities are chosen first. */
export function emitLocality(endpoints: readonly Endpoint[], weight: number): JsonObject {
  const { region = '', zone = '', subZone = '' } = endpoints[0]?.locality ?? {};
  return {
    locality: {
      ...(region !== '' && { region }),
      ...(zone !== '' && { zone }),
      ...(subZone !== '' && { sub_zone: subZone }),
    },
    lb_endpoints: endpoints.map(emitEndpoint),
    load_balancing_weight: weight,
  };
}

export const totalWeight = (endpoints: readonly Endpoint[]): number =>
  endpoints.reduce((sum, { weight }) => sum + weight, 0);

/** The endpoints of a cluster that a client with this view may call, by locality. */
export function byLocality(
  { service, subset }: ClusterPlan,
  endpoints: readonly Endpoint[],
  view: EndpointView,
): readonly (readonly Endpoint[])[] {
  const chosen = endpoints.filter(
    (endpoint) =>
      (subset === null || matches(subset.labels, endpoint.labels)) &&
      (!service.nodeLocal || endpoint.node === view.node),
  );
  const localities = Map.groupBy(chosen, ({ locality }) => localityKey(locality));
  return [...localities].sort(([a], [b]) => byText(a, b)).map(([, group]) => group);
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
export function emitLoadAssignment(plan: ClusterPlan, endpoints: readonly Endpoint[], view: EndpointView): XdsResource {
  const last = lastAssignment(view, plan);
  if (last.assignment?.from === endpoints) return last.assignment.made;
  const made = loadAssignment(plan, endpoints, view);
  last.assignment = { from: endpoints, made };
  return made;
}

function loadAssignment(plan: ClusterPlan, endpoints: readonly Endpoint[], view: EndpointView): XdsResource {
  const { name } = plan;
  const groups = () => byLocality(plan, endpoints, view).map((group) => emitLocality(group, totalWeight(group)));
  return resource('endpoint', name, () => ({ cluster_name: name, endpoints: groups() }), [plan.service.origin]);
}
