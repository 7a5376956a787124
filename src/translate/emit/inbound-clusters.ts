// The clusters of what is behind a sidecar: the ports of its services, or those that its Sidecar lists.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ConnectionPool } from '../../model/connection-pool.ts';
import type { ServedPort } from '../../model/mesh.ts';
import { inboundCluster } from '../../model/names.ts';
import { originOf } from '../../model/origin.ts';
import type { IpFamily, ProxyGroup } from '../../model/proxy.ts';
import type { IngressListener } from '../../model/scope.ts';
import { fillStatName } from '../../model/stat-name.ts';
import { byTargetPort } from './capture.ts';
import { connectTimeout, emitConnectionLimits } from './connection-limits.ts';
import { emitInboundHttpOptions } from './http-options.ts';
import { bindsItself, ingressAt } from './ingress.ts';
import { type CalledPort, type CalledService, loopbacks } from './plan-listeners.ts';
import { objectsMetadata } from './provenance.ts';
import { bindConfig } from './special-clusters.ts';

/** The ports whose connections rules speak of; mostly there are none. */
const limitedPorts = memo(({ ports }: CalledService): readonly CalledPort[] =>
  ports.filter(({ cluster }) => cluster.policy.connectionPool !== null),
);

/** What a Sidecar says of connections to the workload, or else what rules say of those to the service. */
function poolOf(called: CalledService, served: ServedPort, group: ProxyGroup): ConnectionPool | null {
  const said = ingressAt(served.targetPort, group)?.pool ?? group.scope?.inboundPool ?? null;
  if (said !== null) return said;
  const limited = limitedPorts(called).find(
    ({ service, port }) => service.host === served.host && port.number === served.port,
  );
  return limited?.cluster.policy.connectionPool ?? null;
}

/** What of a cluster says where the workload is. */
interface Destination {
  readonly discovery: JsonObject;
  readonly connections: JsonObject;
}

const fixed = (name: string, address: JsonObject): Destination => ({
  discovery: {
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  },
  connections: {},
});

const at = (address: string, port: number): JsonObject => ({ socket_address: { address, port_value: port } });

/** Where the connection was going, from an address by which capture lets it through. */
function asCalled(port: number | null, family: IpFamily): Destination {
  const override = port === null ? {} : { original_dst_lb_config: { upstream_port_override: port } };
  return {
    discovery: { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', ...override },
    connections: bindConfig(family),
  };
}

/** Connections that were not captured have no address of their own to go on to: they go to the workload's loopback. */
function destination(name: string, listener: IngressListener | null, bound: boolean, family: IpFamily): Destination {
  if (listener === null) return asCalled(null, family);
  const { target, port } = listener;
  if (listener.tls?.kind === 'refused') return { discovery: { type: 'STATIC' }, connections: {} };
  if (target.kind === 'unix') return fixed(name, { pipe: { path: target.path } });
  if (target.kind === 'address') return fixed(name, at(target.address, target.port));
  return bound
    ? fixed(name, at(loopbacks[family], target.port))
    : asCalled(target.port === port ? null : target.port, family);
}

function statName(
  name: string,
  { name: service, namespace, host, port, targetPort, ...served }: ServedPort,
  pattern: string | null,
) {
  if (pattern === null) return `${name};`;
  return fillStatName(pattern, {
    SERVICE: [service, namespace].join('.'),
    SERVICE_NAME: service,
    SERVICE_FQDN: host,
    SERVICE_PORT: String(port),
    SERVICE_PORT_NAME: served.protocol,
    TARGET_PORT: String(targetPort),
    SUBSET_NAME: '',
  });
}

/** The workload behind a sidecar, on one of its ports. `bound`: it is not captured there. */
const emitInboundCluster = memo(
  (
    served: ServedPort,
    family: IpFamily,
    pool: ConnectionPool | null,
    listener: IngressListener | null,
    bound: boolean,
    pattern: string | null,
  ): XdsResource => {
    const name = inboundCluster(served.targetPort);
    const { host, name: serviceName, namespace } = served;
    const origins = [originOf(served.object)];
    const istio = { services: [{ host, name: serviceName, namespace }] };
    const { connect_timeout = connectTimeout, ...limits } = emitConnectionLimits(pool, null);
    const { discovery, connections } = destination(name, listener, bound, family);
    const json = {
      name,
      alt_stat_name: statName(name, served, pattern),
      ...discovery,
      connect_timeout,
      ...(discovery['type'] === 'ORIGINAL_DST' && { cleanup_interval: '60s' }),
      ...limits,
      ...connections,
      ...emitInboundHttpOptions(served.protocol, pool),
      metadata: { filter_metadata: { istio, ...objectsMetadata(origins) } },
    };
    return resource('cluster', name, json, origins);
  },
);

/** The clusters by which a sidecar calls its own workload. */
export function emitInboundClusters(called: CalledService, group: ProxyGroup): readonly XdsResource[] {
  return byTargetPort(group.served).map((served) => {
    const listener = ingressAt(served.targetPort, group);
    const bound = listener !== null && bindsItself(listener, group);
    const pool = poolOf(called, served, group);
    return emitInboundCluster(served, group.ipFamily, pool, listener, bound, group.defaults.inboundStatName);
  });
}
