// What chance does and does not do: exact bounds instead of guessed ones.

/** ln(n!) for all n up to `limit`. */
function logFactorials(limit: number): Float64Array {
  const table = new Float64Array(limit + 1);
  for (let n = 2; n <= limit; n++) table[n] = (table[n - 1] ?? 0) + Math.log(n);
  return table;
}

/** P(X ≤ k) for every k from 0 to n, where X is the number of successes in n tries of probability p, 0 < p < 1. */
function cumulative(n: number, p: number): Float64Array {
  const logs = logFactorials(n);
  const log = (k: number): number => logs[k] ?? 0;
  const table = new Float64Array(n + 1);
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    sum += Math.exp(log(n) - log(k) - log(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
    table[k] = sum;
  }
  return table;
}

/** P(X ≤ k): how likely chance alone gives at most k successes in n tries of probability p. */
export function atMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : Math.min(1, cumulative(n, p)[Math.floor(k)] ?? 1);
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * Between which counts each of `parts` equally likely backends stays when n requests are spread at random. Any of them
 * leaves the bounds with a probability of at most `falseAlarm` (exact binomial tails, summed over parts and sides).
 */
export function evenBounds(n: number, parts: number, falseAlarm: number): Bounds {
  if (parts === 1) return { least: n, most: n };
  const tail = falseAlarm / (2 * parts);
  const below = cumulative(n, 1 / parts);
  // The upper tail of X is the lower tail of n − X.
  const above = cumulative(n, 1 - 1 / parts);
  return { least: firstOver(below, tail), most: n - firstOver(above, tail) };
}

/** The smallest k with P(X ≤ k) > tail: chance gives less than k with a probability of at most `tail`. */
function firstOver(table: Float64Array, tail: number): number {
  return table.findIndex((probability) => probability > tail);
}

/** Whether every `size` answers in a row are of `size` different backends: exact turns. */
export function inTurns(sequence: readonly string[], size: number): boolean {
  return sequence.every((_, end) => {
    const row = sequence.slice(Math.max(0, end - size + 1), end + 1);
    return new Set(row).size === row.length;
  });
}

/** How often the same backend answered twice in a row. */
export function repeats(sequence: readonly string[]): number {
  return sequence.filter((who, index) => index > 0 && who === sequence[index - 1]).length;
}
