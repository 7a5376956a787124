// Durations as Kubernetes' users write them: Go's form, such as 1h, 5m30s, 1.5s, 250ms.
import type { Milliseconds } from '../../model/lb-policy.ts';
import { type Decoder, report } from './decode.ts';

const unitsInMs: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};
/** The longest that protobuf's Duration can hold is far above it; 100 years is nobody's timeout. */
const longest = 100 * 365 * 24 * 3_600_000;

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';

/** The milliseconds that a duration text means, or undefined. Source: Go's time.ParseDuration, without signs. */
function parseDuration(text: string): Milliseconds | undefined {
  if (text === '0') return 0;
  if (text.length === 0 || text.length > 64) return undefined;
  let total = 0;
  let index = 0;
  while (index < text.length) {
    const numberStart = index;
    while (isDigit(text[index]) || text[index] === '.') index += 1;
    const amount = text.slice(numberStart, index);
    const unitStart = index;
    while (index < text.length && !isDigit(text[index]) && text[index] !== '.') index += 1;
    const unit = unitsInMs[text.slice(unitStart, index)];
    const value = Number(amount);
    if (unit === undefined || amount === '' || amount === '.' || !Number.isFinite(value)) return undefined;
    total += value * unit;
  }
  // Decimal fractions are not exact in binary: what is a billionth away from a whole number is meant to be one.
  const whole = Math.round(total);
  return Math.abs(total - whole) < 1e-6 ? whole : total;
}

/** A duration of at least `min` milliseconds, in whole milliseconds. */
export function duration({ min }: { readonly min: Milliseconds }): Decoder<Milliseconds> {
  return (value, spot) => {
    const parsed = typeof value === 'string' ? parseDuration(value) : undefined;
    if (parsed === undefined) {
      return report(spot, 'SLC0106', `${JSON.stringify(value).slice(0, 80)} is not a duration such as 10s, 1.5s or 5m`);
    }
    if (parsed < min || parsed > longest) {
      return report(spot, 'SLC0105', `must be between ${min}ms and 100 years`);
    }
    if (!Number.isInteger(parsed)) return report(spot, 'SLC0105', 'must be in whole milliseconds');
    return parsed;
  };
}
