// Clusters that stand for no service: nowhere, wherever the caller was going, and the workload itself.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ConnectionPool } from '../../model/connection-pool.ts';
import type { ServedPort } from '../../model/mesh.ts';
import { blackHoleCluster, inboundCluster, inboundPassthroughCluster, passthroughCluster } from '../../model/names.ts';
import { originOf } from '../../model/origin.ts';
import type { IpFamily } from '../../model/proxy.ts';
import { circuitBreakers, connectTimeout, emitConnectionLimits } from './connection-limits.ts';
import { clientProtocolOptions, emitInboundHttpOptions, typedOptions } from './http-options.ts';
import { objectsMetadata } from './provenance.ts';

const passthroughBase: JsonObject = {
  type: 'ORIGINAL_DST',
  lb_policy: 'CLUSTER_PROVIDED',
  connect_timeout: connectTimeout,
  circuit_breakers: circuitBreakers,
  typed_extension_protocol_options: typedOptions({
    common_http_protocol_options: { idle_timeout: '300s' },
    ...clientProtocolOptions,
  }),
};

/** Answers nothing: what must not leave ends here. */
export const blackHole = resource(
  'cluster',
  blackHoleCluster,
  { name: blackHoleCluster, type: 'STATIC', connect_timeout: connectTimeout },
  [],
);

/** To wherever the caller was going. */
export const passthrough = resource(
  'cluster',
  passthroughCluster,
  { name: passthroughCluster, ...passthroughBase },
  [],
);

/** The address that a sidecar's own connections to its workload come from, so that capture lets them through. */
const inboundSource: Readonly<Record<IpFamily, string>> = { v4: '127.0.0.6', v6: '::6' };

function bindConfig(family: IpFamily): JsonObject {
  return { upstream_bind_config: { source_address: { address: inboundSource[family], port_value: 0 } } };
}

/** To the workload itself, on ports that no service names. */
export const emitInboundPassthrough = memo((family: IpFamily): XdsResource => {
  const json = { name: inboundPassthroughCluster, ...passthroughBase, ...bindConfig(family) };
  return resource('cluster', inboundPassthroughCluster, json, []);
});

/** The workload behind a captured sidecar, on one of its ports; rules for its service limit its connections too. */
export const emitInboundCluster = memo(
  (served: ServedPort, family: IpFamily, pool: ConnectionPool | null): XdsResource => {
    const name = inboundCluster(served.targetPort);
    const { host, name: serviceName, namespace } = served;
    const origins = [originOf(served.object)];
    const istio = { services: [{ host, name: serviceName, namespace }] };
    const { connect_timeout = connectTimeout, ...limits } = emitConnectionLimits(pool, null);
    const json = {
      name,
      alt_stat_name: `${name};`,
      type: 'ORIGINAL_DST',
      lb_policy: 'CLUSTER_PROVIDED',
      connect_timeout,
      cleanup_interval: '60s',
      ...limits,
      ...bindConfig(family),
      ...emitInboundHttpOptions(served.protocol, pool),
      metadata: { filter_metadata: { istio, ...objectsMetadata(origins) } },
    };
    return resource('cluster', name, json, origins);
  },
);
