// OutlierDetection of a DestinationRule (networking.istio.io): when an endpoint is left alone for a while.
import type { LocalErrors, OutlierDetection } from '../../model/outlier-detection.ts';
import {
  boolean,
  type Decoder,
  inside,
  integer,
  list,
  object,
  report,
  type Spot,
  uint32,
  unlessZero,
} from '../values/decode.ts';
import { duration } from '../values/duration.ts';

const fields = object({
  consecutive5xxErrors: integer(uint32),
  consecutiveGatewayErrors: integer(uint32),
  consecutiveLocalOriginFailures: integer(uint32),
  splitExternalLocalOriginErrors: boolean,
  interval: duration({ min: 1 }),
  baseEjectionTime: duration({ min: 1 }),
  maxEjectionPercent: unlessZero({ min: 0, max: 100 }),
  minHealthPercent: integer({ min: 0, max: 100 }),
  outlierDetectionHttpErrorCodes: list(integer({ min: 100, max: 599 })),
  consecutiveErrors: (_, spot) =>
    report(spot, 'SLC0109', 'it has no effect: write consecutive5xxErrors or consecutiveGatewayErrors'),
});
type Fields = NonNullable<ReturnType<typeof fields>>;

function localErrorsOf(decoded: Fields, spot: Spot): LocalErrors | null {
  const { consecutiveLocalOriginFailures: failures, splitExternalLocalOriginErrors: split = false } = decoded;
  if (failures !== undefined && !split) {
    const message = 'has no effect without splitExternalLocalOriginErrors: true';
    report(inside(spot, 'consecutiveLocalOriginFailures'), 'SLC0110', message);
  }
  return split ? { consecutive: failures || null } : null;
}

/** The settings of `outlierDetection`. The block alone turns detection on, with Envoy's defaults. */
export const outlierDetection: Decoder<OutlierDetection> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded === undefined) return undefined;
  const codes = new Set(decoded.outlierDetectionHttpErrorCodes);
  return {
    consecutive5xx: decoded.consecutive5xxErrors ?? null,
    consecutiveGatewayErrors: decoded.consecutiveGatewayErrors ?? null,
    localErrors: localErrorsOf(decoded, spot),
    interval: decoded.interval ?? null,
    baseEjectionTime: decoded.baseEjectionTime ?? null,
    maxEjectionPercent: decoded.maxEjectionPercent ?? null,
    minHealthPercent: decoded.minHealthPercent ?? 0,
    errorCodes: [...codes].sort((a, b) => a - b),
    origin: spot.origin,
  };
};
