// How connections to a service are made, how many there may be, and how long they last.
import type { Milliseconds } from './lb-policy.ts';
import type { Origin } from './origin.ts';
import type { Protocol } from './service.ts';

/** Probes on a silent connection; null: as the operating system has it. */
export interface TcpKeepalive {
  readonly probes: number | null;
  /** Whole seconds. */
  readonly time: number | null;
  /** Whole seconds. */
  readonly interval: number | null;
}

/** HTTP/2 pings on a connection. */
export interface Http2Keepalive {
  readonly interval: Milliseconds;
  readonly timeout: Milliseconds;
}

/** Which HTTP version a rule asks for; `never`: that of the port, whatever the mesh says; `as-client`: that of each request. */
export type HttpUpgrade = 'default' | 'never' | 'http2' | 'as-client';

/** Null everywhere: the rule does not say; then nothing is limited, and connections last as long as Envoy lets them. */
export interface ConnectionPool {
  readonly maxConnections: number | null;
  readonly connectTimeout: Milliseconds | null;
  readonly keepalive: TcpKeepalive | null;
  readonly maxConnectionDuration: Milliseconds | null;
  /** 0: never. */
  readonly tcpIdleTimeout: Milliseconds | null;
  readonly maxPendingRequests: number | null;
  readonly maxRequests: number | null;
  readonly maxRequestsPerConnection: number | null;
  readonly maxRetries: number | null;
  readonly httpIdleTimeout: Milliseconds | null;
  readonly upgrade: HttpUpgrade;
  readonly maxConcurrentStreams: number | null;
  readonly http2Keepalive: Http2Keepalive | null;
  readonly origin: Origin;
}

/** Which HTTP version endpoints are spoken to in; `as-client`: that of each request. */
export type HttpVersion = 'http1' | 'http2' | 'as-client';

/** By protocol; a detected one is only known once the client has spoken. */
const versions: Readonly<Record<Protocol, HttpVersion>> = {
  http: 'http1',
  http2: 'http2',
  grpc: 'http2',
  tcp: 'http1',
  tls: 'http1',
  auto: 'as-client',
  udp: 'http1',
};

/** The HTTP version in which the endpoints of a port are spoken to. */
export function httpVersionOf(protocol: Protocol, pool: ConnectionPool | null): HttpVersion {
  const upgrade = pool?.upgrade ?? 'default';
  if (upgrade === 'as-client') return 'as-client';
  return upgrade === 'http2' && protocol !== 'auto' ? 'http2' : versions[protocol];
}
