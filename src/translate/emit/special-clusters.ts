// Clusters that stand for no service: nowhere, wherever the caller was going, and the workload itself.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { blackHoleCluster, inboundPassthroughCluster, passthroughCluster } from '../../model/names.ts';
import type { IpFamily } from '../../model/proxy.ts';
import { circuitBreakers, connectTimeout } from './connection-limits.ts';
import { clientProtocolOptions, typedOptions } from './http-options.ts';

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

/** Connections to the workload come from there. */
export function bindConfig(family: IpFamily): JsonObject {
  return { upstream_bind_config: { source_address: { address: inboundSource[family], port_value: 0 } } };
}

/** To the workload itself, on ports that no service names. */
export const emitInboundPassthrough = memo((family: IpFamily): XdsResource => {
  const json = { name: inboundPassthroughCluster, ...passthroughBase, ...bindConfig(family) };
  return resource('cluster', inboundPassthroughCluster, json, []);
});
