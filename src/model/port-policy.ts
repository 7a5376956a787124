// All that a rule says of one service port.
import type { ClientTls } from './client-tls.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { HealthCheck } from './health-check.ts';
import { type Balancing, defaultBalancing, type Milliseconds } from './lb-policy.ts';
import type { Origin } from './origin.ts';
import type { OutlierDetection } from './outlier-detection.ts';
import type { Retries } from './route.ts';

/** Connections of others that go through an HTTP proxy, which is the service: it is asked for the target. */
export interface Tunnel {
  readonly method: 'CONNECT' | 'POST';
  /** `host:port` */
  readonly target: string;
  readonly origin: Origin;
}

/** The header that says on each connection who the client is. */
export interface ProxyProtocol {
  readonly version: 'V1' | 'V2';
  readonly origin: Origin;
}

/** How many requests may be retries. */
export interface RetryBudget {
  /** Of the requests that are under way, or were within the interval. */
  readonly percent: number;
  /** Null: only those under way count. */
  readonly interval: Milliseconds | null;
  readonly minConcurrency: number;
  readonly origin: Origin;
}

/** What a rule says of one service port, whole or one subset of it; null: it does not speak of that. */
export interface PortPolicy extends Balancing {
  readonly connectionPool: ConnectionPool | null;
  readonly outlierDetection: OutlierDetection | null;
  readonly tls: ClientTls | null;
  readonly tunnel: Tunnel | null;
  readonly proxyProtocol: ProxyProtocol | null;
  readonly retryBudget: RetryBudget | null;
  readonly healthCheck: HealthCheck | null;
  /** What is tried again where no route says so; null: what is usual. */
  readonly retries: Retries | null;
}

/** Where no rule says otherwise. */
export const defaultPortPolicy: PortPolicy = {
  ...defaultBalancing,
  connectionPool: null,
  outlierDetection: null,
  tls: null,
  tunnel: null,
  proxyProtocol: null,
  retryBudget: null,
  healthCheck: null,
  retries: null,
};
