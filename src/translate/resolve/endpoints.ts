// EndpointSlices → endpoints by service and port.
import { deepEqual } from 'fast-equals';
import type { EndpointSlice, SliceEndpoint } from '../../crds/endpoint-slice.ts';
import type { Node } from '../../crds/node.ts';
import type { Service } from '../../crds/service.ts';
import type { Member } from '../../crds/values/member.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { type Endpoint, type Locality, noLabels, nowhere, type ServiceEndpoints } from '../../model/endpoint.ts';
import type { Workload } from '../../model/mesh.ts';
import { at } from '../../model/origin.ts';
import type { PeerAuthentications } from '../../model/peer-authentication.ts';
import { isProxied } from '../../model/service.ts';
import { callableLabels } from './callable-labels.ts';
import { collect, servingOf, sortedEndpoints } from './member-endpoints.ts';
import { refusal } from './refusal.ts';

export interface EndpointInputs {
  readonly services: ReadonlyMap<string, Service>;
  readonly slices: readonly EndpointSlice[];
  /** By host, what gives services endpoints besides slices. */
  readonly members: ReadonlyMap<string, readonly Member[]>;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly nodes: ReadonlyMap<string, Node>;
  /** Whom Pods answer. */
  readonly peers: PeerAuthentications;
  readonly allowLoopback: boolean;
}

/** What stands behind one endpoint: its Pod, and the Node where no Pod is known. */
interface Place {
  readonly workload: Workload | undefined;
  readonly node: Node | undefined;
}

function placeOf(endpoint: SliceEndpoint, slice: EndpointSlice, inputs: EndpointInputs): Place {
  const pod = endpoint.pod?.endsWith('.') ? `${endpoint.pod}${slice.namespace}` : endpoint.pod;
  return { workload: inputs.workloads.get(pod ?? ''), node: inputs.nodes.get(endpoint.node ?? '') };
}

function localityOf({ workload, node }: Place, zone: string | null): Locality {
  const known = workload?.locality ?? node?.locality;
  if (known !== undefined && !deepEqual(known, nowhere)) return known;
  return zone === null ? nowhere : { ...nowhere, zone };
}

export interface SliceView {
  readonly slice: EndpointSlice;
  readonly places: readonly Place[];
}

/** The endpoints of a service, and what is wrong with its slices and members. */
export function endpointsOf(
  service: Service,
  views: readonly SliceView[],
  members: readonly Member[],
  { peers, allowLoopback }: Pick<EndpointInputs, 'peers' | 'allowLoopback'>,
): Outcome<ServiceEndpoints> {
  const diagnostics: Diagnostic[] = [];
  const byPort = new Map<string, Map<string, Endpoint>>();
  for (const { slice, places } of views) {
    for (const [index, endpoint] of slice.endpoints.entries()) {
      if (endpoint.terminating) continue;
      const refused = refusal(endpoint.address, allowLoopback);
      if (refused !== null) {
        diagnostics.push(
          diagnose(
            'SLC0301',
            at(slice.origin, 'endpoints', endpoint.index, 'addresses', 0),
            `${endpoint.address} ${refused}`,
          ),
        );
        continue;
      }
      const place = places[index] ?? { workload: undefined, node: undefined };
      for (const port of slice.ports) {
        collect(byPort, port.name, endpointAt(endpoint, port.number, place, service, peers));
      }
    }
  }
  const others = servingOf(service, members, allowLoopback);
  for (const { port, endpoint } of others.value) collect(byPort, port, endpoint);
  const value = sortedEndpoints(byPort);
  return { value, diagnostics: [...diagnostics, ...others.diagnostics, ...emptyPorts(service, value)] };
}

function endpointAt(
  from: SliceEndpoint,
  port: number,
  place: Place,
  service: Service,
  peers: PeerAuthentications,
): Endpoint {
  const { workload } = place;
  return {
    address: from.address,
    port,
    healthy: from.ready || service.publishNotReady,
    locality: localityOf(place, from.zone),
    labels: workload === undefined ? noLabels : callableLabels(workload, port, peers),
    node: from.node ?? workload?.node ?? null,
    instance: from.podName,
    serviceAccount: workload?.namespace === service.namespace ? workload.serviceAccount : null,
    weight: 1,
  };
}

function emptyPorts(service: Service, endpoints: ServiceEndpoints): Diagnostic[] {
  const ports = service.ports.filter((port) => isProxied(port.protocol));
  if (service.resolution.kind !== 'eds' || ports.length === 0) return [];
  if (endpoints.size === 0 && service.members !== null) {
    const message = `${service.host} has no endpoints, so every request to it is answered with 503`;
    return [diagnose('SLC0205', at(service.origin, 'spec'), message)];
  }
  if (endpoints.size === 0) {
    const message = 'no EndpointSlice gives the service an address, so every request to it is answered with 503';
    return [diagnose('SLC0205', at(service.origin, 'metadata', 'name'), message)];
  }
  const found = [...endpoints.keys()].map((name) => (name === '' ? 'a port without a name' : `"${name}"`)).join(', ');
  return ports
    .filter((port) => !endpoints.has(port.name))
    .map((port) => {
      const name = port.name === '' ? 'has no name' : `is named "${port.name}"`;
      const message = `port ${port.number} has no endpoints: it ${name}, and the service's EndpointSlices have ${found}`;
      return diagnose('SLC0205', port.origin, message);
    });
}

/** What a service's slices come to, looked at with all that stands behind their endpoints. */
export interface ServiceSlices {
  readonly views: readonly SliceView[];
  /** All that goes into the endpoints, to be compared by identity. */
  readonly inputs: readonly unknown[];
}

export function lookBehind(slices: readonly EndpointSlice[], inputs: EndpointInputs): ServiceSlices {
  const views = slices
    .toSorted((a, b) => byText(a.name, b.name))
    .map((slice) => ({ slice, places: slice.endpoints.map((endpoint) => placeOf(endpoint, slice, inputs)) }));
  const behind = views.flatMap(({ slice, places }) => [
    slice,
    ...places.flatMap(({ workload, node }) => [workload, node]),
  ]);
  return { views, inputs: behind };
}
