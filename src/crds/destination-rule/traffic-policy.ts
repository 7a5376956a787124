// TrafficPolicy of a DestinationRule (networking.istio.io): its blocks, and those of single ports.
import type { ClientTls } from '../../model/client-tls.ts';
import type { ConnectionPool } from '../../model/connection-pool.ts';
import type { HealthCheck } from '../../model/health-check.ts';
import type { Balancing } from '../../model/lb-policy.ts';
import type { Origin } from '../../model/origin.ts';
import type { OutlierDetection } from '../../model/outlier-detection.ts';
import type { ProxyProtocol, RetryBudget, Tunnel } from '../../model/port-policy.ts';
import { type Decoder, inside, integer, list, object, portRange, report, type Spot } from '../values/decode.ts';
import { clientTls } from './client-tls.ts';
import { connectionPool } from './connection-pool.ts';
import { loadBalancer } from './load-balancer.ts';
import { outlierDetection } from './outlier-detection.ts';
import { retryBudget } from './retry-budget.ts';
import { proxyProtocol, tunnel } from './tunnel.ts';

/** The blocks that a single port can have too; null: the policy does not speak of that. */
export interface PortBlocks {
  readonly loadBalancer: Balancing | null;
  readonly connectionPool: ConnectionPool | null;
  readonly outlierDetection: OutlierDetection | null;
  readonly tls: ClientTls | null;
}

export interface TrafficPolicy extends PortBlocks {
  readonly tunnel: Tunnel | null;
  readonly proxyProtocol: ProxyProtocol | null;
  readonly retryBudget: RetryBudget | null;
  readonly healthCheck: HealthCheck | null;
  /** A port that is named here takes nothing from above: what it does not say is the default. */
  readonly ports: ReadonlyMap<number, PortBlocks>;
  /** Where each of them is written. */
  readonly portOrigins: ReadonlyMap<number, Origin>;
}

/** A policy that says nothing. */
export const silentPolicy: TrafficPolicy = {
  loadBalancer: null,
  connectionPool: null,
  outlierDetection: null,
  tls: null,
  tunnel: null,
  proxyProtocol: null,
  retryBudget: null,
  healthCheck: null,
  ports: new Map(),
  portOrigins: new Map(),
};

const blockFields = { loadBalancer, connectionPool, outlierDetection, tls: clientTls };
type DecodedBlocks = { readonly [K in keyof typeof blockFields]: ReturnType<(typeof blockFields)[K]> };

const blocksOf = (decoded: DecodedBlocks): PortBlocks => ({
  loadBalancer: decoded.loadBalancer ?? null,
  connectionPool: decoded.connectionPool ?? null,
  outlierDetection: decoded.outlierDetection ?? null,
  tls: decoded.tls ?? null,
});

interface PortLevel {
  readonly port: number;
  readonly blocks: PortBlocks;
  readonly origin: Origin;
}

const portFields = object(
  { port: object({ number: integer(portRange) }, { required: ['number'] }), ...blockFields },
  { required: ['port'] },
);

const portSettings: Decoder<PortLevel> = (value, spot) => {
  const decoded = portFields(value, spot);
  const port = decoded?.port?.number;
  return decoded === undefined || port === undefined
    ? undefined
    : { port, blocks: blocksOf(decoded), origin: spot.origin };
};

const fields = object({
  ...blockFields,
  portLevelSettings: list(portSettings),
  tunnel,
  proxyProtocol,
  retryBudget,
});

function uniquePorts(settings: readonly PortLevel[], spot: Spot): readonly PortLevel[] {
  const ports = new Map<number, PortLevel>();
  for (const each of settings) {
    if (ports.has(each.port)) {
      const place = { origin: each.origin, diagnostics: spot.diagnostics };
      report(inside(place, 'port'), 'SLC0107', `port ${each.port} is set twice; the first one is used`);
    } else {
      ports.set(each.port, each);
    }
  }
  return [...ports.values()];
}

/** The two would stand in each other's way on a connection. */
function proxyProtocolBeside(
  decoded: Pick<TrafficPolicy, 'tunnel' | 'proxyProtocol'>,
  spot: Spot,
): ProxyProtocol | null {
  if (decoded.tunnel === null || decoded.proxyProtocol === null) return decoded.proxyProtocol;
  report(inside(spot, 'proxyProtocol'), 'SLC0107', '"tunnel" is set as well, and only one may be; "tunnel" is used');
  return null;
}

/** The blocks of `trafficPolicy`. */
export const trafficPolicy: Decoder<TrafficPolicy> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  if (Object.keys(decoded).length === 0) report(spot, 'SLC0110', 'nothing is set');
  const levels = uniquePorts(decoded.portLevelSettings ?? [], spot);
  const { tunnel: through = null, proxyProtocol: header = null, retryBudget: budget = null } = decoded;
  const { ports, portOrigins } = silentPolicy;
  const whole = {
    ...blocksOf(decoded),
    tunnel: through,
    proxyProtocol: proxyProtocolBeside({ tunnel: through, proxyProtocol: header }, spot),
    retryBudget: budget,
    // Annotations say it.
    healthCheck: null,
  };
  if (levels.length === 0) return { ...whole, ports, portOrigins };
  return {
    ...whole,
    ports: new Map(levels.map(({ port, blocks }) => [port, blocks] as const)),
    portOrigins: new Map(levels.map(({ port, origin }) => [port, origin] as const)),
  };
};
