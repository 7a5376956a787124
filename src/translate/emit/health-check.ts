// Active health checks of a cluster: envoy.config.core.v3.HealthCheck.
import type { JsonObject } from '../../lib/json.ts';
import { httpVersionOf } from '../../model/connection-pool.ts';
import { type HealthCheck, healthCheckOf, type Probe } from '../../model/health-check.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import { protoDuration } from './duration.ts';

type Emitter<K extends Probe['kind']> = (probe: Extract<Probe, { readonly kind: K }>, plan: ClusterPlan) => JsonObject;

/** Whom a check asks for; the cluster's name, Envoy's default, is no host. */
const hostOf = ({ service: { host } }: ClusterPlan): string => (host.startsWith('*.') ? host.slice(2) : host);

/** Without the range of those that may be tried again, any other status would take an endpoint out at once. */
const statuses: JsonObject = {
  expected_statuses: [{ start: 200, end: 400 }],
  retriable_statuses: [{ start: 100, end: 600 }],
};

const emitters: { readonly [K in Probe['kind']]: Emitter<K> } = {
  http: ({ path }, plan) => {
    const http2 = httpVersionOf(plan.port.protocol, plan.policy.connectionPool) === 'http2';
    const request = { host: hostOf(plan), path, ...statuses };
    return { http_health_check: http2 ? { ...request, codec_client_type: 'HTTP2' } : request };
  },
  grpc: ({ service }, plan) => ({
    grpc_health_check: { ...(service !== '' && { service_name: service }), authority: hostOf(plan) },
  }),
  tcp: () => ({ tcp_health_check: {} }),
};

function emitHealthCheck(check: HealthCheck, plan: ClusterPlan): JsonObject {
  const emit = emitters[check.probe.kind] as Emitter<Probe['kind']>;
  const interval = protoDuration(check.interval);
  return {
    timeout: protoDuration(check.timeout),
    interval,
    // Many proxies hear of a rule at once, and would go on asking at once.
    interval_jitter_percent: 10,
    unhealthy_threshold: check.unhealthyThreshold,
    healthy_threshold: check.healthyThreshold,
    // Else an endpoint that failed at first would be asked again after a minute, since nobody can call it.
    no_traffic_interval: interval,
    ...emit(check.probe, plan),
  };
}

/** The fields of a cluster; an endpoint that is taken away goes at once, whatever its check says. */
export function emitHealthChecks(plan: ClusterPlan): JsonObject | null {
  const check = plan.eds || plan.named !== null ? healthCheckOf(plan.port, plan.policy) : null;
  return check && { health_checks: [emitHealthCheck(check, plan)], ignore_health_on_host_removal: true };
}
