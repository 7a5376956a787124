// How proxies themselves find out whether an endpoint answers, besides what its Pod's readiness says.
import { type ConnectionPool, httpVersionOf } from './connection-pool.ts';
import type { Milliseconds } from './lb-policy.ts';
import type { Origin } from './origin.ts';
import { isHttp, type ServicePort } from './service.ts';

/** What an endpoint is asked. */
export type Probe =
  /** A request that is good if it is answered with 200 to 399, as with Kubernetes' probes. */
  | { readonly kind: 'http'; readonly path: string }
  /** gRPC's own health service; an empty `service`: the server as a whole. */
  | { readonly kind: 'grpc'; readonly service: string }
  /** Whether a connection can be made. */
  | { readonly kind: 'tcp' };

export interface HealthCheck {
  readonly probe: Probe;
  readonly interval: Milliseconds;
  readonly timeout: Milliseconds;
  /** How many failures in a row take an endpoint out. */
  readonly unhealthyThreshold: number;
  /** How many successes in a row bring it back. */
  readonly healthyThreshold: number;
  readonly origin: Origin;
}

type Fit = (port: ServicePort, pool: ConnectionPool | null) => boolean;

const maySpeakHttp: Fit = ({ protocol }) => isHttp(protocol) || protocol === 'auto';

const fits: Readonly<Record<Probe['kind'], Fit>> = {
  http: maySpeakHttp,
  grpc: (port, pool) => maySpeakHttp(port, pool) && httpVersionOf(port.protocol, pool) !== 'http1',
  tcp: () => true,
};

/** What a port's policy says of checks. */
interface Checked {
  readonly healthCheck: HealthCheck | null;
  readonly connectionPool: ConnectionPool | null;
}

/** The check that endpoints of a port are given; null: none, or one in a protocol that the port does not speak. */
export function healthCheckOf(port: ServicePort, { healthCheck, connectionPool }: Checked): HealthCheck | null {
  return healthCheck !== null && fits[healthCheck.probe.kind](port, connectionPool) ? healthCheck : null;
}
