// Where the proxies of the client's own service are: Envoy weighs its zone by how many of them are in it.
import { type ResourceTable, resource, type XdsResource } from '../../envoy/resource.ts';
import { memo } from '../../lib/memo.ts';
import type { Endpoint, EndpointView, ServiceEndpoints } from '../../model/endpoint.ts';
import type { Sight } from '../../model/mesh.ts';
import { localCluster } from '../../model/names.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { isProxied, type Service } from '../../model/service.ts';
import { emitLocality, noMarks } from './endpoints.ts';
import { byLocality } from './locality.ts';

const nobody: readonly Endpoint[] = [];

/** All ports of a service are served by the same workloads: the first that has endpoints says where they are. */
function workloads({ ports }: Service, endpoints: ServiceEndpoints | undefined): readonly Endpoint[] {
  const lists = ports.filter(({ protocol }) => isProxied(protocol)).map(({ name }) => endpoints?.get(name) ?? nobody);
  return lists.find((list) => list.length > 0) ?? nobody;
}

const ofNobody = resource('endpoint', localCluster, { cluster_name: localCluster, endpoints: [] }, []);

/** Zones are weighed within a region, so only those of the client's own count. */
const ofService = memo(
  (service: Service, endpoints: ServiceEndpoints | undefined, { locality: { region } }: EndpointView): XdsResource => {
    const all = workloads(service, endpoints);
    const near = region === '' ? all : all.filter(({ locality }) => locality.region === region);
    const groups = byLocality(near).map((group) => emitLocality(group, noMarks));
    return resource('endpoint', localCluster, { cluster_name: localCluster, endpoints: groups }, [service.origin]);
  },
);

const added = memo(
  (table: ResourceTable, peers: XdsResource): ResourceTable => new Map([...table, [peers.name, peers] as const]),
);

/** The load assignments, and for proxies that ask for it that of their own service. */
export function withPeers(table: ResourceTable, { all: services, endpoints }: Sight, group: ProxyGroup): ResourceTable {
  if (group.peers === null) return table;
  const service = services.get(group.peers);
  const peers = service === undefined ? ofNobody : ofService(service, endpoints.get(service.host), group.endpointView);
  return added(table, peers);
}
