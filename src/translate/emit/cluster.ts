// Services → clusters: where requests go, and how they are spread there.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { httpVersionOf } from '../../model/connection-pool.ts';
import type { ProxyDefaults } from '../../model/mesh-defaults.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import { type CertificateSource, type ProxyGroup, sdsCertificate } from '../../model/proxy.ts';
import { isHttp } from '../../model/service.ts';
import { fillStatName } from '../../model/stat-name.ts';
import { type ClusterPlan, isRefused, panicThreshold } from './cluster-plan.ts';
import { connectTimeout, emitConnectionLimits } from './connection-limits.ts';
import { emitDiscovery, type Seeker, seekerOf } from './discovery.ts';
import { offeredProtocols } from './filters/application-protocols.ts';
import { emitHealthChecks } from './health-check.ts';
import { emitHttpOptions } from './http-options.ts';
import { emitHashBalance } from './lb-policy.ts';
import { emitLocalityConfig } from './locality.ts';
import { emitOutlierDetection } from './outlier-detection.ts';
import { configPath, objectsMetadata } from './provenance.ts';
import { callsByMesh, emitTransportSockets, lacksCertificates } from './upstream-tls.ts';

/** What a cluster's own configuration says of what is behind it. */
export function clusterMetadata(plan: ClusterPlan, origins: readonly Origin[], more: JsonObject = {}): JsonObject {
  const { host, name, namespace } = plan.service;
  const [rule] = plan.rules;
  const istio = {
    default_original_port: plan.port.number,
    services: [{ host, name, namespace }],
    ...(plan.service.external && { external: true }),
    ...(rule !== undefined && { config: configPath(rule) }),
    ...(plan.subset !== null && { subset: plan.subset.name }),
    ...(plan.policy.tls?.kind === 'tls' && { alpn_override: 'false' }),
  };
  return { filter_metadata: { istio, ...objectsMetadata(origins, more) } };
}

const nothing: JsonObject = {};

/** What connections offer over mutual TLS for requests; nothing where there are none of both. */
function offers(plan: ClusterPlan, { kind }: CertificateSource): JsonObject {
  const { protocol } = plan.port;
  if (!callsByMesh(plan) || kind === 'none' || !(isHttp(protocol) || protocol === 'auto')) return nothing;
  return offeredProtocols(httpVersionOf(protocol, plan.policy.connectionPool));
}

/** What a cluster comes from: the service and what the rules say of it. */
export function clusterOrigins({ service, policy, rules }: ClusterPlan): readonly Origin[] {
  const { origin, connectionPool, outlierDetection, tls } = policy;
  return [service.origin].concat(
    origin ?? [],
    connectionPool?.origin ?? [],
    outlierDetection?.origin ?? [],
    tls?.origin ?? [],
    rules.map((id) => originOf(id)),
  );
}

/** What of a client decides about its clusters. */
interface Caller {
  readonly defaults: ProxyDefaults;
  readonly seeker: Seeker;
}

/** What Envoy counts the cluster under. */
function statName({ name, service, port, subset }: ClusterPlan, { outboundStatName: pattern }: ProxyDefaults): string {
  if (pattern === null) return `${name};`;
  return fillStatName(pattern, {
    SERVICE: [service.name, service.namespace].join('.'),
    SERVICE_NAME: service.name,
    SERVICE_FQDN: service.host,
    SERVICE_PORT: String(port.number),
    SERVICE_PORT_NAME: port.name,
    TARGET_PORT: String(port.targetPort),
    SUBSET_NAME: subset?.name ?? '',
  });
}

/** No endpoints, now or later: requests are answered with 503, connections are closed. */
function refusingCluster(plan: ClusterPlan, defaults: ProxyDefaults, origins: readonly Origin[]): JsonObject {
  const { name } = plan;
  const metadata = clusterMetadata(plan, origins);
  return { name, alt_stat_name: statName(plan, defaults), type: 'STATIC', connect_timeout: connectTimeout, metadata };
}

function callingCluster(
  plan: ClusterPlan,
  certificates: CertificateSource,
  { defaults, seeker }: Caller,
  origins: readonly Origin[],
): JsonObject {
  const { name, port, policy } = plan;
  const { outlierDetection } = policy;
  return {
    name,
    alt_stat_name: statName(plan, defaults),
    ...emitDiscovery(plan, seeker),
    ...emitConnectionLimits(policy.connectionPool, policy.retryBudget),
    ...(outlierDetection !== null && { outlier_detection: emitOutlierDetection(outlierDetection) }),
    ...(policy.healthCheck !== null && emitHealthChecks(plan)),
    // Envoy's panic mode would send requests to endpoints known to be bad once half of them are.
    common_lb_config: {
      healthy_panic_threshold: { value: panicThreshold(plan) },
      ...emitLocalityConfig(plan),
      ...((plan.eds || plan.named !== null) && emitHashBalance(policy.lb)),
    },
    ...emitHttpOptions(port.protocol, policy),
    ...emitTransportSockets(plan, certificates, defaults),
    metadata: clusterMetadata(plan, origins, offers(plan, certificates)),
  };
}

const caller = memo((defaults: ProxyDefaults, seeker: Seeker): Caller => ({ defaults, seeker }));

const clusterWith = memo((from: Caller, certificates: CertificateSource, plan: ClusterPlan): XdsResource => {
  const origins = clusterOrigins(plan);
  const refused = isRefused(plan) || lacksCertificates(plan, certificates);
  const json = () =>
    refused ? refusingCluster(plan, from.defaults, origins) : callingCluster(plan, certificates, from, origins);
  return resource('cluster', plan.name, json, origins);
});

/** envoy.config.cluster.v3.Cluster for calls to a service. Proxies share it unless it needs certificates of their own. */
export function emitCluster(plan: ClusterPlan, group: ProxyGroup): XdsResource {
  const certificates = callsByMesh(plan) ? group.certificates.client : sdsCertificate;
  return clusterWith(caller(group.defaults, seekerOf(plan, group)), certificates, plan);
}
