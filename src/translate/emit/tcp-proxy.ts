// Connections passed on as they are: envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.
import type { JsonObject } from '../../lib/json.ts';
import type { ConnectionPool } from '../../model/connection-pool.ts';
import { hashStepsOf } from '../../model/lb-policy.ts';
import type { PortPolicy, Tunnel } from '../../model/port-policy.ts';
import { protoDuration } from './duration.ts';

function emitTimes({ tcpIdleTimeout: idle, maxConnectionDuration: duration }: ConnectionPool): JsonObject {
  return {
    ...(idle !== null && { idle_timeout: protoDuration(idle) }),
    ...(duration !== null && { max_downstream_connection_duration: protoDuration(duration) }),
  };
}

/** The cluster is an HTTP proxy that is asked to connect to the target. */
function emitTunnel({ method, target }: Tunnel): JsonObject {
  return { tunneling_config: { hostname: target, ...(method === 'POST' && { use_post: true }) } };
}

/** A connection has no header or cookie: only its source address can be hashed. */
export function tcpProxy(cluster: string, policy: PortPolicy | null): JsonObject {
  const hashed = policy !== null && hashStepsOf(policy).some(({ key }) => key.kind === 'source-ip' && key.enabled);
  const { connectionPool: pool = null, tunnel = null } = policy ?? {};
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: cluster,
      cluster,
      ...(hashed && { hash_policy: [{ source_ip: {} }] }),
      ...(pool !== null && emitTimes(pool)),
      ...(tunnel !== null && emitTunnel(tunnel)),
    },
  };
}
