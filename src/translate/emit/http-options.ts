// How a cluster speaks HTTP: envoy.extensions.upstreams.http.v3.HttpProtocolOptions.
import type { JsonObject } from '../../lib/json.ts';
import type { ClientTls } from '../../model/client-tls.ts';
import { type ConnectionPool, type HttpVersion, httpVersionOf } from '../../model/connection-pool.ts';
import type { PortPolicy } from '../../model/port-policy.ts';
import type { Protocol } from '../../model/service.ts';
import { protoDuration } from './duration.ts';
import { emitErrorMatcher } from './outlier-detection.ts';

const optionsKey = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const optionsType = `type.googleapis.com/${optionsKey}`;

export const clientProtocolOptions: JsonObject = {
  use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
};

/** In a message with other options the version must be said. */
const versionOptions: { readonly [V in HttpVersion]: JsonObject } = {
  http1: { explicit_http_config: { http_protocol_options: {} } },
  http2: { explicit_http_config: { http2_protocol_options: {} } },
  'as-client': clientProtocolOptions,
};

/** The options as a cluster has them. */
export function typedOptions(options: JsonObject): JsonObject {
  return { [optionsKey]: { '@type': optionsType, ...options } };
}

const alone = (options: JsonObject): JsonObject => ({ typed_extension_protocol_options: typedOptions(options) });

/** Where there is nothing else to say: HTTP/1 is Envoy's default. */
const usual: { readonly [V in HttpVersion]: JsonObject } = {
  http1: {},
  http2: alone(versionOptions.http2),
  'as-client': alone(versionOptions['as-client']),
};

function emitCommon(pool: ConnectionPool): JsonObject {
  const idle = pool.httpIdleTimeout ?? pool.tcpIdleTimeout;
  const { maxConnectionDuration, maxRequestsPerConnection } = pool;
  const options = {
    ...(idle !== null && { idle_timeout: protoDuration(idle) }),
    ...(maxConnectionDuration !== null && { max_connection_duration: protoDuration(maxConnectionDuration) }),
    ...(maxRequestsPerConnection !== null && { max_requests_per_connection: maxRequestsPerConnection }),
  };
  return Object.keys(options).length === 0 ? {} : { common_http_protocol_options: options };
}

/** What only HTTP/2 has; Istio says it only where that is certain to be spoken. */
function emitVersion(version: HttpVersion, pool: ConnectionPool | null): JsonObject {
  const { maxConcurrentStreams: streams = null, http2Keepalive: keepalive = null } = pool ?? {};
  if (version !== 'http2' || (streams === null && keepalive === null)) return versionOptions[version];
  const pings = keepalive && { interval: protoDuration(keepalive.interval), timeout: protoDuration(keepalive.timeout) };
  const options = {
    ...(streams !== null && { max_concurrent_streams: streams }),
    ...(pings !== null && { connection_keepalive: pings }),
  };
  return { explicit_http_config: { http2_protocol_options: options } };
}

/** Where no server is named, each request names it. */
function emitServerName(tls: ClientTls | null): JsonObject {
  if (tls?.kind !== 'tls' || tls.sni !== null) return {};
  const verified = tls.names.length === 0 && tls.trust.kind !== 'anybody';
  return { upstream_http_protocol_options: { auto_sni: true, ...(verified && { auto_san_validation: true }) } };
}

/** The cluster's field with these options, or none where they are Envoy's defaults. */
function emitOptions(version: HttpVersion, pool: ConnectionPool | null, more: JsonObject): JsonObject {
  const options = { ...(pool !== null && emitCommon(pool)), ...more };
  const named = emitVersion(version, pool);
  const plain = named === versionOptions[version] && Object.keys(options).length === 0;
  return plain ? usual[version] : alone({ ...options, ...named });
}

/** Which HTTP version the endpoints are spoken to in, and how; nothing for HTTP/1 without more. */
export function emitHttpOptions(protocol: Protocol, policy: PortPolicy): JsonObject {
  const { connectionPool: pool, outlierDetection, tls } = policy;
  if (pool === null && outlierDetection === null && tls === null) return usual[httpVersionOf(protocol, null)];
  const codes = outlierDetection?.errorCodes ?? [];
  return emitOptions(httpVersionOf(protocol, pool), pool, {
    ...emitServerName(tls),
    ...(codes.length > 0 && { outlier_detection: { error_matcher: emitErrorMatcher(codes) } }),
  });
}

/** As `emitHttpOptions` for a sidecar's own workload, which is spoken to as its port is named. */
export function emitInboundHttpOptions(protocol: Protocol, pool: ConnectionPool | null): JsonObject {
  return emitOptions(httpVersionOf(protocol, null), pool, {});
}
