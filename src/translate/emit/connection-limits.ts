// How many connections, requests and retries a cluster may have: envoy.config.cluster.v3.CircuitBreakers, and how
// connections are made.
import type { JsonObject } from '../../lib/json.ts';
import type { ConnectionPool, TcpKeepalive } from '../../model/connection-pool.ts';
import type { RetryBudget } from '../../model/port-policy.ts';
import { protoDuration } from './duration.ts';

const unlimited = 4294967295;
/** Istio's default; Envoy's own is 5 s. */
export const connectTimeout = '10s';

const noLimits: JsonObject = {
  max_connections: unlimited,
  max_pending_requests: unlimited,
  max_requests: unlimited,
  max_retries: unlimited,
};

/** Without it Envoy and gRPC allow 1024 requests at a time. */
export const circuitBreakers: JsonObject = { thresholds: [noLimits] };

const usual: JsonObject = { connect_timeout: connectTimeout, circuit_breakers: circuitBreakers };

/** A budget counts, where there is one, whatever `max_retries` says. */
function emitBudget({ percent, interval, minConcurrency }: RetryBudget): JsonObject {
  return {
    retry_budget: {
      budget_percent: { value: percent },
      ...(interval !== null && { budget_interval: protoDuration(interval) }),
      min_retry_concurrency: minConcurrency,
    },
  };
}

function emitThresholds(pool: ConnectionPool | null, budget: RetryBudget | null): JsonObject {
  const limits = {
    max_connections: pool?.maxConnections ?? unlimited,
    max_pending_requests: pool?.maxPendingRequests ?? unlimited,
    max_requests: pool?.maxRequests ?? unlimited,
    max_retries: pool?.maxRetries ?? unlimited,
  };
  return { thresholds: [{ ...limits, ...(budget !== null && emitBudget(budget)) }] };
}

function emitKeepalive({ probes, time, interval }: TcpKeepalive): JsonObject {
  return {
    tcp_keepalive: {
      ...(probes !== null && { keepalive_probes: probes }),
      ...(time !== null && { keepalive_time: time }),
      ...(interval !== null && { keepalive_interval: interval }),
    },
  };
}

/** The fields of envoy.config.cluster.v3.Cluster that limit its connections. */
export function emitConnectionLimits(pool: ConnectionPool | null, budget: RetryBudget | null): JsonObject {
  if (pool === null && budget === null) return usual;
  const { connectTimeout: timeout = null, keepalive = null } = pool ?? {};
  return {
    connect_timeout: timeout === null ? connectTimeout : protoDuration(timeout),
    circuit_breakers: emitThresholds(pool, budget),
    ...(keepalive !== null && { upstream_connection_options: emitKeepalive(keepalive) }),
  };
}
