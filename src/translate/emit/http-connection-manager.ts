// What turns a connection's bytes into requests: envoy.extensions.filters.network.http_connection_manager.v3.
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { AuthorizationPolicy } from '../../model/authorization.ts';
import type { PathNormalization, ProxyDefaults } from '../../model/mesh-defaults.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { emitAccessLog } from './access-log.ts';
import { adsSource } from './discovery.ts';
import { applicationProtocols } from './filters/application-protocols.ts';
import { requestAuthorization } from './filters/authorization.ts';
import { cors } from './filters/cors.ts';
import { fault } from './filters/fault.ts';
import { grpcStats } from './filters/grpc-stats.ts';
import { router } from './filters/router.ts';

/** In the order in which a request passes them. */
const outboundFilters = [grpcStats, fault, cors, router];
/** Of proxies that call by the certificates of the mesh. */
const outboundFiltersOfMesh = [grpcStats, applicationProtocols, fault, cors, router];
const inboundFilters = [grpcStats, fault, cors, router];

const type = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

const keepEscaped: JsonObject = { path_with_escaped_slashes_action: 'KEEP_UNCHANGED' };

/** What is done with a path before anything looks at it. */
const normalization: { readonly [N in PathNormalization]: JsonObject } = {
  none: { normalize_path: false, ...keepEscaped },
  base: { normalize_path: true, ...keepEscaped },
  'merge-slashes': { normalize_path: true, merge_slashes: true, ...keepEscaped },
  'decode-and-merge-slashes': {
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD',
  },
};

const common = memo(
  ({ paths, accessLog }: ProxyDefaults): JsonObject => ({
    '@type': type,
    server_name: 'istio-envoy',
    use_remote_address: false,
    ...normalization[paths],
    // A stream may be silent for as long as its two ends like.
    stream_idle_timeout: '0s',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    ...emitAccessLog(accessLog),
  }),
);

function networkFilter(config: JsonObject): JsonObject {
  return { name: 'envoy.filters.network.http_connection_manager', typed_config: config };
}

/** Filters behind those that say who may pass. */
function guarded(policies: readonly AuthorizationPolicy[], filters: readonly JsonObject[]): readonly JsonObject[] {
  const guards = requestAuthorization(policies);
  return guards.length === 0 ? filters : [...guards, ...filters];
}

/** Requests that leave; their routes come by RDS. `statName` is the listener's name, `before` what else they pass first. */
export function outboundHttp(
  statName: string,
  routeName: string,
  { certificates: { client }, defaults }: Pick<ProxyGroup, 'certificates' | 'defaults'>,
  before: readonly JsonObject[],
): JsonObject {
  const filters = client.kind === 'none' ? outboundFilters : outboundFiltersOfMesh;
  return networkFilter({
    ...common(defaults),
    stat_prefix: `outbound_${statName}`,
    rds: { config_source: adsSource, route_config_name: routeName },
    http_filters: before.length === 0 ? filters : [...before, ...filters],
  });
}

/** Who a client of a gateway is, as its certificate says; what clients say themselves is not believed. */
const edge: JsonObject = {
  use_remote_address: true,
  forward_client_cert_details: 'SANITIZE_SET',
  set_current_client_cert_details: { subject: true, cert: true, dns: true, uri: true },
};

/** Requests that come to a gateway from anywhere; their routes come by RDS. `statName` is the listener's name. */
export function gatewayHttp(
  statName: string,
  routeName: string,
  {
    certificates: { client },
    defaults,
    authorization,
  }: Pick<ProxyGroup, 'certificates' | 'defaults' | 'authorization'>,
): JsonObject {
  return networkFilter({
    ...common(defaults),
    ...edge,
    stat_prefix: `outbound_${statName}`,
    rds: { config_source: adsSource, route_config_name: routeName },
    http_filters: guarded(authorization, client.kind === 'none' ? outboundFilters : outboundFiltersOfMesh),
  });
}

/** Calls of a gRPC client, which is its own proxy: it knows few filters, and no connections that come in. */
export function apiHttp(routeName: string): JsonObject {
  return {
    '@type': type,
    stat_prefix: `outbound_${routeName}`,
    rds: { config_source: adsSource, route_config_name: routeName },
    http_filters: [router],
  };
}

/** A request that the workload never saw is safe to send once more. */
const inboundRetry: JsonObject = { retry_policy: { retry_on: 'reset-before-request', num_retries: 2 } };

export interface InboundHttp {
  /** The listener's or chain's name. */
  readonly statName: string;
  readonly virtualHost: string;
  readonly cluster: string;
  /** What traces call the requests. */
  readonly operation: string;
  readonly retried: boolean;
  readonly defaults: ProxyDefaults;
  readonly authorization: readonly AuthorizationPolicy[];
}

/** What the workload is told of callers that show a certificate; of others nothing, whatever they say themselves. */
const callerDetails: JsonObject = { set_current_client_cert_details: { subject: true, dns: true, uri: true } };

/** Requests that come in: one virtual host, one cluster. `shown`: callers show certificates. */
export function inboundHttp(http: InboundHttp, shown: boolean): JsonObject {
  const { statName, virtualHost, cluster, operation, retried, defaults, authorization } = http;
  const route = {
    cluster,
    timeout: '0s',
    max_stream_duration: { max_stream_duration: '0s', grpc_timeout_header_max: '0s' },
    ...(retried && inboundRetry),
  };
  const routes = [{ name: 'default', match: { prefix: '/' }, decorator: { operation }, route }];
  return networkFilter({
    ...common(defaults),
    stat_prefix: `inbound_${statName}`,
    forward_client_cert_details: 'APPEND_FORWARD',
    ...(shown && callerDetails),
    route_config: {
      name: cluster,
      validate_clusters: false,
      virtual_hosts: [{ name: virtualHost, domains: ['*'], routes }],
    },
    http_filters: guarded(authorization, inboundFilters),
  });
}
