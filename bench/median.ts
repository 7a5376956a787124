// The median of several runs, for every number in a report.
import { isObject, type JsonValue } from '../src/lib/json.ts';

/** Each number is the median of the numbers at its place; everything else is that of the first run. */
export function medianOf<T>(runs: readonly [T, ...T[]]): T {
  return merge(runs as unknown as JsonValue[]) as T;
}

function merge(values: readonly (JsonValue | undefined)[]): JsonValue | undefined {
  const [first] = values;
  if (typeof first === 'number') return middle(values.filter((value) => typeof value === 'number'));
  if (!isObject(first)) return first;
  const at = (key: string) => values.map((value) => (isObject(value) ? value[key] : undefined));
  const entries = Object.keys(first).map((key) => [key, merge(at(key))] as const);
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

/** Of several numbers the one in the middle, or the lower of the two. */
export function middle(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
