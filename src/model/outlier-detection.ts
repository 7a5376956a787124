// When an endpoint that answers badly is left alone for a while.
import type { Milliseconds } from './lb-policy.ts';
import type { Origin } from './origin.ts';

/** Null everywhere: Envoy's default; a count of 0 switches that check off. */
export interface OutlierDetection {
  readonly consecutive5xx: number | null;
  readonly consecutiveGatewayErrors: number | null;
  /** Whether what goes wrong before an endpoint answers is counted on its own. */
  readonly localErrors: LocalErrors | null;
  readonly interval: Milliseconds | null;
  readonly baseEjectionTime: Milliseconds | null;
  readonly maxEjectionPercent: number | null;
  /** With fewer good endpoints than this share, in percent, all are called. 0: never. */
  readonly minHealthPercent: number;
  /** The answers that count as errors, ascending; empty: those of 500 and more. */
  readonly errorCodes: readonly number[];
  readonly origin: Origin;
}

/** Connections that fail or time out, apart from answers. */
export interface LocalErrors {
  /** Null: Envoy's default. */
  readonly consecutive: number | null;
}
