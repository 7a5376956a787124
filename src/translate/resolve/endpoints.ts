// EndpointSlices → endpoints by service and port.
import { deepEqual } from 'fast-equals';
import ipaddr from 'ipaddr.js';
import type { EndpointSlice, SliceEndpoint } from '../../crds/endpoint-slice.ts';
import type { Node } from '../../crds/node.ts';
import type { Service } from '../../crds/service.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { type Endpoint, type Locality, noLabels, nowhere, type ServiceEndpoints } from '../../model/endpoint.ts';
import type { Workload } from '../../model/mesh.ts';
import { at } from '../../model/origin.ts';
import { isProxied } from '../../model/service.ts';

export interface EndpointInputs {
  readonly services: ReadonlyMap<string, Service>;
  readonly slices: readonly EndpointSlice[];
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly nodes: ReadonlyMap<string, Node>;
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

/** Why an address may not be an endpoint; null if it may. */
function refusal(address: string, allowLoopback: boolean): string | null {
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (range === 'loopback')
    return allowLoopback ? null : 'is a loopback address (--allow-loopback-endpoints lets it through)';
  const refused: Readonly<Record<string, string>> = {
    unspecified: 'is no address of a host',
    linkLocal: 'is a link-local address, where machines keep their own services',
    multicast: 'is a multicast address',
    broadcast: 'is a broadcast address',
  };
  return refused[range] ?? null;
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

/** The endpoints of a service, and what is wrong with its slices. */
export function endpointsOf(
  service: Service,
  views: readonly SliceView[],
  allowLoopback: boolean,
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
        const made = endpointAt(endpoint, port.number, place, service);
        const ofPort = byPort.get(port.name) ?? new Map<string, Endpoint>();
        byPort.set(port.name, ofPort);
        const key = `${made.address} ${made.port}`;
        if (!ofPort.get(key)?.healthy) ofPort.set(key, made);
      }
    }
  }
  const value = new Map([...byPort].map(([name, endpoints]) => [name, sorted(endpoints)] as const));
  return { value, diagnostics: [...diagnostics, ...emptyPorts(service, value)] };
}

function endpointAt(from: SliceEndpoint, port: number, place: Place, service: Service): Endpoint {
  const { workload } = place;
  return {
    address: from.address,
    port,
    healthy: from.ready || service.publishNotReady,
    locality: localityOf(place, from.zone),
    labels: workload?.labels ?? noLabels,
    node: from.node ?? workload?.node ?? null,
    serviceAccount: workload?.namespace === service.namespace ? workload.serviceAccount : null,
    weight: 1,
  };
}

function sorted(endpoints: ReadonlyMap<string, Endpoint>): readonly Endpoint[] {
  return [...endpoints].sort(([a], [b]) => byText(a, b)).map(([, endpoint]) => endpoint);
}

function emptyPorts(service: Service, endpoints: ServiceEndpoints): Diagnostic[] {
  const ports = service.ports.filter((port) => isProxied(port.protocol));
  if (service.resolution.kind !== 'eds' || ports.length === 0) return [];
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
