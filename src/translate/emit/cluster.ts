// Services → clusters: where requests go, and how they are spread there.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { PortPolicy } from '../../model/lb-policy.ts';
import type { ServedPort } from '../../model/mesh.ts';
import {
  blackHoleCluster,
  inboundCluster,
  inboundPassthroughCluster,
  outboundCluster,
  passthroughCluster,
} from '../../model/names.ts';
import type { ObjectId } from '../../model/object.ts';
import { objectId } from '../../model/object.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import type { ServicePolicy, Subset } from '../../model/policy.ts';
import type { Interception, IpFamily } from '../../model/proxy.ts';
import type { Protocol, Service, ServicePort } from '../../model/service.ts';
import { emitLbPolicy } from './lb-policy.ts';
import { configPath, objectsMetadata } from './provenance.ts';

const unlimited = 4294967295;
/** Istio's default; Envoy's own is 5 s. */
const connectTimeout = '10s';
const httpOptionsKey = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const httpOptionsType = `type.googleapis.com/${httpOptionsKey}`;

/** Where ADS resources come from. Zero: wait for the answer, however late it comes. */
export const adsSource: JsonObject = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };

/** Without it Envoy and gRPC allow 1024 requests at a time. */
export const circuitBreakers: JsonObject = {
  thresholds: [
    {
      max_connections: unlimited,
      max_pending_requests: unlimited,
      max_requests: unlimited,
      max_retries: unlimited,
    },
  ],
};

const http2Options: JsonObject = { explicit_http_config: { http2_protocol_options: {} } };
const clientProtocolOptions: JsonObject = {
  use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
};

/** Which HTTP version the endpoints are spoken to in; a port named HTTP/1 needs nothing. */
function protocolOptions(protocol: Protocol): JsonObject {
  const options = { http2: http2Options, grpc: http2Options, auto: clientProtocolOptions };
  const chosen = Object.hasOwn(options, protocol) ? options[protocol as keyof typeof options] : undefined;
  return chosen === undefined ? {} : { typed_extension_protocol_options: typedOptions(chosen) };
}

function typedOptions(options: JsonObject): JsonObject {
  return { [httpOptionsKey]: { '@type': httpOptionsType, ...options } };
}

/** One cluster to be made: a port of a service, whole or one subset of it. */
export interface ClusterPlan {
  readonly name: string;
  readonly service: Service;
  readonly port: ServicePort;
  readonly subset: Subset | null;
  readonly policy: PortPolicy;
  readonly rules: readonly ObjectId[];
  /** Whether endpoints come by EDS; else connections go where the caller addressed them. */
  readonly eds: boolean;
}

/** A headless service's caller chooses the endpoint, as long as something tells Envoy which one that was. */
function balanced(service: Service, policy: PortPolicy, interception: Interception): boolean {
  if (interception === 'NONE') return true;
  return service.resolution.kind === 'eds' && policy.lb.kind !== 'passthrough';
}

const noRules: readonly ObjectId[] = [];

export function planCluster(
  service: Service,
  port: ServicePort,
  policy: PortPolicy,
  bound: ServicePolicy | null,
  subset: Subset | null,
  interception: Interception,
): ClusterPlan {
  const name = outboundCluster(port.number, subset?.name ?? '', service.host);
  const eds = balanced(service, policy, interception);
  return { name, service, port, subset, policy, rules: bound?.rules ?? noRules, eds };
}

function discovery(name: string, plan: ClusterPlan): JsonObject {
  if (!plan.eds) return { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };
  const lb =
    plan.policy.lb.kind === 'passthrough'
      ? emitLbPolicy({ kind: 'least-request', slowStart: null })
      : emitLbPolicy(plan.policy.lb);
  return { type: 'EDS', eds_cluster_config: { service_name: name, eds_config: adsSource }, ...lb };
}

export function clusterMetadata(plan: ClusterPlan, origins: readonly Origin[]): JsonObject {
  const { host, name, namespace } = plan.service;
  const [rule] = plan.rules;
  const istio = {
    default_original_port: plan.port.number,
    services: [{ host, name, namespace }],
    ...(rule !== undefined && { config: configPath(rule) }),
    ...(plan.subset !== null && { subset: plan.subset.name }),
  };
  return { filter_metadata: { istio, ...objectsMetadata(origins) } };
}

/** What a cluster comes from: the service and what the rules say of it. */
export function clusterOrigins({ service, policy, rules }: ClusterPlan): readonly Origin[] {
  return [service.origin].concat(
    policy.origin ?? [],
    rules.map((id) => originOf(id)),
  );
}

/** envoy.config.cluster.v3.Cluster for calls to a service. */
export const emitCluster = memo((plan: ClusterPlan): XdsResource => {
  const { name } = plan;
  const origins = clusterOrigins(plan);
  const json = () => ({
    name,
    alt_stat_name: `${name};`,
    ...discovery(name, plan),
    connect_timeout: connectTimeout,
    circuit_breakers: circuitBreakers,
    // Envoy's panic mode would send requests to endpoints known to be bad once half of them are.
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    ...protocolOptions(plan.port.protocol),
    metadata: clusterMetadata(plan, origins),
  });
  return resource('cluster', name, json, origins);
});

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

/** The workload behind a captured sidecar, on one of its ports. */
export const emitInboundCluster = memo((served: ServedPort, family: IpFamily): XdsResource => {
  const name = inboundCluster(served.targetPort);
  const { host, name: serviceName, namespace } = served;
  const origins = [originOf(objectId({ group: '', kind: 'Service', namespace, name: serviceName }))];
  const istio = { services: [{ host, name: serviceName, namespace }] };
  const json = {
    name,
    alt_stat_name: `${name};`,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: connectTimeout,
    cleanup_interval: '60s',
    circuit_breakers: circuitBreakers,
    ...bindConfig(family),
    ...protocolOptions(served.protocol),
    metadata: { filter_metadata: { istio, ...objectsMetadata(origins) } },
  };
  return resource('cluster', name, json, origins);
});
