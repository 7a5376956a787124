// Milliseconds → google.protobuf.Duration in proto3 JSON.
import type { Milliseconds } from '../../model/lb-policy.ts';

/** `1.5s`: seconds with up to three decimals. */
export function protoDuration(ms: Milliseconds): string {
  return `${ms / 1000}s`;
}
