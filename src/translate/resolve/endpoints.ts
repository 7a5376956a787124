// EndpointSlices → endpoints by service and port.
import { deepEqual } from 'fast-equals';
import ipaddr from 'ipaddr.js';
import type { EndpointSlice, SliceEndpoint } from '../../crds/endpoint-slice.ts';
import type { Node } from '../../crds/node.ts';
import type { Service } from '../../crds/service.ts';
import type { LastCalls } from '../../lib/last-calls.ts';
import { lazy, memo } from '../../lib/memo.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { type Endpoint, type Locality, noLabels, nowhere, type ServiceEndpoints } from '../../model/endpoint.ts';
import type { Workload } from '../../model/mesh.ts';
import { serviceHost } from '../../model/names.ts';
import { at } from '../../model/origin.ts';
import { isProxied } from '../../model/service.ts';

export interface EndpointInputs {
  readonly services: ReadonlyMap<string, Service>;
  readonly slices: readonly EndpointSlice[];
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly allowLoopback: boolean;
}

export type EndpointCalls = LastCalls<string, Outcome<ServiceEndpoints>>;

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

interface SliceView {
  readonly slice: EndpointSlice;
  readonly places: readonly Place[];
}

function endpointsOf(service: Service, views: readonly SliceView[], allowLoopback: boolean): Outcome<ServiceEndpoints> {
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
        const made = endpointAt(endpoint, port.number, place, service.publishNotReady);
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

function endpointAt(from: SliceEndpoint, port: number, place: Place, publishNotReady: boolean): Endpoint {
  return {
    address: from.address,
    port,
    healthy: from.ready || publishNotReady,
    locality: localityOf(place, from.zone),
    labels: place.workload?.labels ?? noLabels,
    node: from.node ?? place.workload?.node ?? null,
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

/** The service that a slice says it belongs to. */
const hostOf = memo(({ service, namespace }: EndpointSlice): string => serviceHost(service ?? '', namespace));

function groupSlices(inputs: EndpointInputs): Outcome<ReadonlyMap<string, readonly EndpointSlice[]>> {
  const groups = new Map<string, EndpointSlice[]>();
  const diagnostics: Diagnostic[] = [];
  for (const slice of inputs.slices) {
    const host = hostOf(slice);
    if (slice.service !== null && inputs.services.has(host)) {
      const group = groups.get(host);
      if (group === undefined) groups.set(host, [slice]);
      else group.push(slice);
    } else {
      const message =
        slice.service === null
          ? 'the label kubernetes.io/service-name is missing, so its endpoints belong to no Service'
          : `there is no Service "${slice.service}" in namespace ${slice.namespace}`;
      diagnostics.push(
        diagnose('SLC0202', at(slice.origin, 'metadata', 'labels', 'kubernetes.io/service-name'), message),
      );
    }
  }
  return { value: groups, diagnostics };
}

/** Where no Pod and no Node has changed, what stands behind the endpoints is not even looked up. */
function ofService(
  service: Service,
  slices: readonly EndpointSlice[],
  inputs: EndpointInputs,
  calls: EndpointCalls,
): Outcome<ServiceEndpoints> {
  const { workloads, nodes, allowLoopback } = inputs;
  const views = lazy((): readonly SliceView[] =>
    [...slices]
      .sort((a, b) => byText(a.name, b.name))
      .map((slice) => ({ slice, places: slice.endpoints.map((endpoint) => placeOf(endpoint, slice, inputs)) })),
  );
  const behind = (): readonly unknown[] =>
    views().flatMap(({ slice, places }) => [slice, ...places.flatMap(({ workload, node }) => [workload, node])]);
  return calls.runThrough(
    service.host,
    [service, workloads, nodes, ...slices],
    () => [service, ...behind()],
    () => endpointsOf(service, views(), allowLoopback),
  );
}

/** By host. Only services whose inputs changed are computed again. */
export function resolveEndpoints(
  inputs: EndpointInputs,
  calls: EndpointCalls,
): Outcome<ReadonlyMap<string, ServiceEndpoints>> {
  const groups = groupSlices(inputs);
  const diagnostics = [...groups.diagnostics];
  const byHost = new Map<string, ServiceEndpoints>();
  for (const service of inputs.services.values()) {
    const { value, diagnostics: said } = ofService(service, groups.value.get(service.host) ?? [], inputs, calls);
    byHost.set(service.host, value);
    // One by one: an argument list has a limit, which the endpoints of a service may exceed.
    for (const each of said) diagnostics.push(each);
  }
  calls.endRound();
  return { value: byHost, diagnostics };
}
