// Connections passed on as they are: envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.
import type { JsonObject } from '../../lib/json.ts';
import type { PortPolicy } from '../../model/lb-policy.ts';

/** A connection has no header or cookie: only its source address can be hashed. */
export function tcpProxy(cluster: string, policy: PortPolicy | null): JsonObject {
  const hashed = policy?.hash?.kind === 'source-ip' && policy.hash.enabled;
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: cluster,
      cluster,
      ...(hashed && { hash_policy: [{ source_ip: {} }] }),
    },
  };
}
