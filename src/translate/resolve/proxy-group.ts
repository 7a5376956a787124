// A proxy → its group: all that its configuration may depend on, and nothing that names it.
import { interner } from '../../lib/intern.ts';
import { memo } from '../../lib/memo.ts';
import { sortedBy } from '../../lib/sorted.ts';
import type { EndpointView } from '../../model/endpoint.ts';
import type { Mesh, ServedPort } from '../../model/mesh.ts';
import type { ProxyGroup, ProxyNode } from '../../model/proxy.ts';

const internGroup = interner<ProxyGroup>();
const internView = interner<EndpointView>();
const internServed = interner<readonly ServedPort[]>();

const servedKey = (served: ServedPort): string => Object.values(served).join(' ');

/** What is behind the proxy. A sidecar that captures nothing, and a gateway, serve nothing. */
function servedPorts(mesh: Mesh, node: ProxyNode): readonly ServedPort[] {
  if (node.role !== 'sidecar' || node.interception === 'NONE') return internServed('', () => []);
  const workload = mesh.workloads.get(`${node.name}.${node.namespace}`);
  const addresses = workload?.addresses ?? [node.ip];
  // A Service selects Pods of its own namespace; one elsewhere may not say how a workload is spoken to.
  const served = addresses
    .flatMap((address) => mesh.served.get(address) ?? [])
    .filter(({ namespace }) => namespace === node.namespace);
  const unique = new Map(sortedBy(served, servedKey).map((each) => [servedKey(each), each] as const));
  return internServed([...unique.keys()].join(), () => [...unique.values()]);
}

const anyNodeLocal = memo((services: Mesh['services']): boolean =>
  services.values().some((service) => service.nodeLocal),
);

/** Its node matters only where some service keeps traffic on the node. */
function endpointView(mesh: Mesh, node: ProxyNode): EndpointView {
  const name = anyNodeLocal(mesh.services)
    ? (mesh.workloads.get(`${node.name}.${node.namespace}`)?.node ?? null)
    : null;
  return internView(name ?? '', () => ({ node: name }));
}

/** What of a gRPC client counts: it has no listeners of its own, captures nothing and serves nothing. */
function asGroupMember(node: ProxyNode): ProxyNode {
  if (node.generator === 'envoy') return node;
  return { ...node, role: 'sidecar', interception: 'NONE', portOffset: 0, envoyMinor: null, ip: '' };
}

/** The group of a proxy; equal groups are one object. */
export function proxyGroup(mesh: Mesh, asking: ProxyNode): ProxyGroup {
  const node = asGroupMember(asking);
  const { role, generator, namespace, interception, envoyMinor } = node;
  const portOffset = interception === 'NONE' ? node.portOffset : 0;
  const served = servedPorts(mesh, node);
  const view = endpointView(mesh, node);
  const ipFamily = node.ip.includes(':') ? 'v6' : 'v4';
  const settings = [role, generator, namespace, interception, portOffset, envoyMinor, ipFamily, view.node];
  return internGroup(JSON.stringify([...settings, ...served.map(servedKey)]), () => ({
    role,
    generator,
    namespace,
    served,
    interception,
    ipFamily,
    portOffset,
    envoyMinor,
    endpointView: view,
  }));
}
