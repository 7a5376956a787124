// Annotations of a DestinationRule: whether proxies themselves look after the endpoints. They hold for all ports and subsets.
import type { HealthCheck, Probe } from '../../model/health-check.ts';
import { type Decoder, integer, nearest, report, type Spot, string, uint32 } from '../values/decode.ts';
import { duration } from '../values/duration.ts';
import { annotationSpot, type Found, inQuotes } from './own.ts';

type ProbeDecoder = (detail: string | null, spot: Spot) => Probe | undefined;

/** What can stand in the path of a request. */
const isPath = (text: string): boolean =>
  text.startsWith('/') && text.length <= 1024 && [...text].every((each) => each > ' ' && each < '\x7f' && each !== '#');

const isServiceName = (text: string): boolean =>
  text.length <= 256 && [...text].every((each) => each > ' ' && each < '\x7f');

const probes: { readonly [K in Probe['kind']]: ProbeDecoder } = {
  http: (detail, spot) =>
    detail !== null && isPath(detail)
      ? { kind: 'http', path: detail }
      : report(spot, 'SLC0105', 'an HTTP check needs a path, such as http:/healthz'),
  grpc: (detail, spot) =>
    isServiceName(detail ?? '')
      ? { kind: 'grpc', service: detail ?? '' }
      : report(spot, 'SLC0105', 'a gRPC check names a service of at most 256 characters, without spaces'),
  tcp: (detail, spot) =>
    detail === null ? { kind: 'tcp' } : report(spot, 'SLC0105', 'a TCP check has nothing behind it: write tcp'),
};
const probeWords = Object.keys(probes) as readonly Probe['kind'][];

const probe: Decoder<Probe> = (value, spot) => {
  const text = string(value, spot);
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  const word = colon < 0 ? text : text.slice(0, colon);
  const kind = probeWords.find((each) => each === word);
  if (kind !== undefined) return probes[kind](colon < 0 ? null : text.slice(colon + 1), spot);
  const known = `http:/PATH, tcp, grpc, grpc:SERVICE${nearest(word, probeWords)}`;
  return report(spot, 'SLC0103', `"${text.slice(0, 100)}" is not one of ${known}`);
};

const threshold = inQuotes(integer({ min: 1, max: uint32.max }));

/** By their names behind the prefix. */
export const healthAnnotations = {
  'health-check': probe,
  // Every proxy asks every endpoint: more often is an attack.
  'health-check-interval': duration({ min: 100 }),
  'health-check-timeout': duration({ min: 1 }),
  'health-check-unhealthy-threshold': threshold,
  'health-check-healthy-threshold': threshold,
} as const;

const details = Object.keys(healthAnnotations).filter((name) => name !== 'health-check');

/** What the annotations say, with the defaults of Kubernetes' probes; null: endpoints are not checked. */
export function healthCheck(found: Found<typeof healthAnnotations>, spot: Spot): HealthCheck | null {
  const asked = found['health-check'];
  if (asked !== undefined) {
    return {
      probe: asked,
      interval: found['health-check-interval'] ?? 10_000,
      timeout: found['health-check-timeout'] ?? 1000,
      unhealthyThreshold: found['health-check-unhealthy-threshold'] ?? 3,
      healthyThreshold: found['health-check-healthy-threshold'] ?? 1,
      origin: annotationSpot(spot, 'health-check').origin,
    };
  }
  // One that does not decode has been reported.
  if ('health-check' in found) return null;
  for (const name of details.filter((each) => each in found)) {
    report(annotationSpot(spot, name), 'SLC0110', 'has no effect without sluice.dev/health-check');
  }
  return null;
}
