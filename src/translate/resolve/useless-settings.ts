// Settings of a rule that the ports of its service make nothing of.
import type { Service } from '../../crds/service.ts';
import { httpVersionOf } from '../../model/connection-pool.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import { healthCheckOf } from '../../model/health-check.ts';
import type { LbPolicy } from '../../model/lb-policy.ts';
import { at, type Origin } from '../../model/origin.ts';
import type { ServicePolicy } from '../../model/policy.ts';
import type { PortPolicy } from '../../model/port-policy.ts';
import { isHttp, type ServicePort } from '../../model/service.ts';

type Ports = ServicePolicy['ports'];

/** One setting as some ports have it. */
interface Setting {
  readonly origin: Origin;
  readonly works: boolean;
  readonly why: string;
}

const zoneWeighing: ReadonlySet<LbPolicy['kind']> = new Set(['round-robin', 'least-request', 'random']);

/** What is said of places. Envoy's policies that hash, or hear of load, do not weigh zones. */
function localityOf({ locality, lb, outlierDetection }: PortPolicy): readonly Setting[] {
  if (locality === null || locality.kind === 'off' || locality.kind === 'zone-unaware') return [];
  const { kind, origin } = locality;
  if (lb.kind === 'passthrough') {
    return [{ origin, works: false, why: 'PASSTHROUGH goes to the address that the caller chose' }];
  }
  if (kind === 'zone-aware') {
    const why = 'zones are weighed by ROUND_ROBIN, LEAST_REQUEST and RANDOM alone';
    return [{ origin, works: zoneWeighing.has(lb.kind), why }];
  }
  const why = 'without outlierDetection nothing fails over, so requests go to endpoints of all places alike';
  return [{ origin, works: kind === 'distribute' || outlierDetection !== null, why }];
}

/** How many good endpoints there have to be, where a service wants the good ones near by. */
function leastHealthOf({ nearness }: Service, { outlierDetection }: PortPolicy): readonly Setting[] {
  if (nearness === null || outlierDetection === null || outlierDetection.minHealthPercent === 0) return [];
  const why = 'the service has a trafficDistribution, so it is 0: or bad endpoints near by would still be called';
  return [{ origin: at(outlierDetection.origin, 'minHealthPercent'), works: false, why }];
}

/** What endpoints are asked, in a protocol that they may not speak. */
function healthCheckIn(port: ServicePort, policy: PortPolicy): readonly Setting[] {
  const { healthCheck } = policy;
  if (healthCheck === null) return [];
  const { kind } = healthCheck.probe;
  const why = `a check by ${kind} needs a port that speaks ${kind === 'grpc' ? 'HTTP/2' : 'HTTP'}`;
  return [{ origin: healthCheck.origin, works: healthCheckOf(port, policy) !== null, why }];
}

function settingsOf(service: Service, port: ServicePort, policy: PortPolicy): readonly Setting[] {
  const { protocol } = port;
  const { connectionPool: pool, tunnel } = policy;
  const http2 = pool !== null && httpVersionOf(protocol, pool) === 'http2';
  const why = 'only ports that speak HTTP/2 have streams: grpc, http2, or h2UpgradePolicy UPGRADE';
  return [
    ...localityOf(policy),
    ...leastHealthOf(service, policy),
    ...healthCheckIn(port, policy),
    ...(pool === null || pool.maxConcurrentStreams === null
      ? []
      : [{ origin: at(pool.origin, 'http', 'maxConcurrentStreams'), works: http2, why }]),
    ...(pool === null || pool.http2Keepalive === null
      ? []
      : [{ origin: at(pool.origin, 'http', 'http2KeepAlive'), works: http2, why }]),
    ...(tunnel === null
      ? []
      : [
          { origin: tunnel.origin, works: !isHttp(protocol), why: 'only connections of TCP ports go through a tunnel' },
        ]),
  ];
}

/** Each setting that works on none of the ports for which it is set. */
export function uselessSettings(service: Service, policies: readonly Ports[]): readonly Diagnostic[] {
  const all = policies.flatMap((ports) =>
    service.ports.flatMap((port) => {
      const policy = ports.get(port.number);
      return policy === undefined ? [] : settingsOf(service, port, policy);
    }),
  );
  const byPlace = Map.groupBy(all, ({ origin }) => JSON.stringify(origin));
  return [...byPlace.values()].flatMap(([first, ...others]) => {
    if (first === undefined || [first, ...others].some(({ works }) => works)) return [];
    const [port] = service.ports;
    const which = service.ports.length === 1 && port !== undefined ? `port ${port.number}: ` : '';
    return [diagnose('SLC0110', first.origin, `${which}${first.why}`)];
  });
}
