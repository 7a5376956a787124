// ConnectionPoolSettings of a DestinationRule (networking.istio.io): limits, time-outs, the HTTP version.
import type { ConnectionPool, HttpUpgrade, TcpKeepalive } from '../../model/connection-pool.ts';
import {
  boolean,
  type Decoder,
  inside,
  object,
  oneOf,
  report,
  type Spot,
  uint32,
  unlessZero,
} from '../values/decode.ts';
import { duration } from '../values/duration.ts';

const count = unlessZero({ min: 0, max: 2147483647 });

/** A duration in whole seconds, as the operating system counts. */
const seconds: Decoder<number> = (value, spot) => {
  const milliseconds = duration({ min: 1000 })(value, spot);
  if (milliseconds === undefined) return undefined;
  return milliseconds % 1000 === 0 ? milliseconds / 1000 : report(spot, 'SLC0105', 'must be in whole seconds');
};

const keepaliveFields = object({ probes: unlessZero(uint32), time: seconds, interval: seconds });

/** Probes on silent connections; what is not said is null. */
export const tcpKeepalive: Decoder<TcpKeepalive> = (value, spot) => {
  const decoded = keepaliveFields(value, spot);
  if (decoded === undefined) return undefined;
  return { probes: decoded.probes ?? null, time: decoded.time ?? null, interval: decoded.interval ?? null };
};

const tcp = object({
  maxConnections: count,
  connectTimeout: duration({ min: 1 }),
  tcpKeepalive,
  maxConnectionDuration: duration({ min: 1 }),
  idleTimeout: duration({ min: 0 }),
});

const http = object({
  http1MaxPendingRequests: count,
  http2MaxRequests: count,
  maxRequestsPerConnection: count,
  maxRetries: count,
  idleTimeout: duration({ min: 1 }),
  h2UpgradePolicy: oneOf({ DEFAULT: 'default', DO_NOT_UPGRADE: 'never', UPGRADE: 'http2' } as const),
  useClientProtocol: boolean,
  maxConcurrentStreams: count,
  http2KeepAlive: object(
    { interval: duration({ min: 1 }), timeout: duration({ min: 1 }) },
    { required: ['interval', 'timeout'] },
  ),
});
type Http = NonNullable<ReturnType<typeof http>>;

const fields = object({ tcp, http });

function upgradeOf(decoded: Partial<Http>, spot: Spot): HttpUpgrade {
  if (decoded.useClientProtocol !== true) return decoded.h2UpgradePolicy ?? 'default';
  if (decoded.h2UpgradePolicy === 'http2') {
    const message = '"useClientProtocol" is set as well, and only one may be; "useClientProtocol" is used';
    report(inside(spot, 'h2UpgradePolicy'), 'SLC0107', message);
  }
  return 'as-client';
}

/** The settings of `connectionPool`; what is not said is null. */
export const connectionPool: Decoder<ConnectionPool> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  if (decoded.tcp === undefined && decoded.http === undefined) {
    report(spot, 'SLC0110', 'nothing is set: write tcp or http inside');
  }
  const { tcp: connections, http: requests } = decoded;
  const { interval: every = 0, timeout = 0 } = requests?.http2KeepAlive ?? {};
  return {
    maxConnections: connections?.maxConnections ?? null,
    connectTimeout: connections?.connectTimeout ?? null,
    keepalive: connections?.tcpKeepalive ?? null,
    maxConnectionDuration: connections?.maxConnectionDuration ?? null,
    tcpIdleTimeout: connections?.idleTimeout ?? null,
    maxPendingRequests: requests?.http1MaxPendingRequests ?? null,
    maxRequests: requests?.http2MaxRequests ?? null,
    maxRequestsPerConnection: requests?.maxRequestsPerConnection ?? null,
    maxRetries: requests?.maxRetries ?? null,
    httpIdleTimeout: requests?.idleTimeout ?? null,
    upgrade: upgradeOf(requests ?? {}, inside(spot, 'http')),
    maxConcurrentStreams: requests?.maxConcurrentStreams ?? null,
    http2Keepalive: requests?.http2KeepAlive === undefined ? null : { interval: every, timeout },
    origin: spot.origin,
  };
};
