// Keeps the old object where the new one is equal, so that equal output stops the wave of recomputation.
import { deepEqual } from 'fast-equals';
import { touchedKeys, withValues } from './layered-map.ts';

/**
 * A table from one batch to the next. `update` returns the previous table itself when nothing differs, and otherwise a
 * table in which every equal value is the previous object: `next` itself, if all in it are.
 */
export class StableTable<K, V> {
  #current: ReadonlyMap<K, V> = new Map();
  /** What `#current` was made from. */
  #last: ReadonlyMap<K, V> | undefined;
  readonly #equal: (a: V, b: V) => boolean;

  constructor(equal: (a: V, b: V) => boolean = deepEqual) {
    this.#equal = equal;
  }

  update(next: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
    if (next === this.#last) return this.#current;
    this.#last = next;
    this.#current = stableMap(this.#current, next, this.#equal);
    return this.#current;
  }

  /** The value that the table has now. */
  get(key: K): V | undefined {
    return this.#current.get(key);
  }

  /** What stands for `value` once it is in the next table: the old object where that is equal. */
  kept(key: K, value: V): V {
    const old = this.#current.get(key);
    return old !== undefined && (old === value || this.#equal(old, value)) ? old : value;
  }
}

/** `next` with the values of `previous` where they are equal; `previous` itself if all are and the order is the same. */
export function stableMap<K, V>(
  previous: ReadonlyMap<K, V>,
  next: ReadonlyMap<K, V>,
  equal: (a: V, b: V) => boolean = deepEqual,
): ReadonlyMap<K, V> {
  const touched = touchedKeys(previous, next);
  if (touched !== null) return stableValues(previous, next, touched, equal);
  let same = previous.size === next.size;
  const oldKeys = previous.keys();
  /** What has to be put in the place of a value of `next`; mostly that is nothing. */
  const kept = new Map<K, V>();
  for (const [key, value] of next) {
    const old = previous.get(key);
    const keeps = old !== undefined && (old === value || equal(old, value));
    if (keeps && old !== value) kept.set(key, old);
    same &&= keeps && oldKeys.next().value === key;
  }
  if (same) return previous;
  return withValues(next, kept);
}

/** As `stableMap`, for maps with the same keys in the same order that differ at most in some. */
function stableValues<K, V>(
  previous: ReadonlyMap<K, V>,
  next: ReadonlyMap<K, V>,
  touched: ReadonlySet<K>,
  equal: (a: V, b: V) => boolean,
): ReadonlyMap<K, V> {
  const kept = new Map<K, V>();
  let same = true;
  for (const key of touched) {
    const [old, value] = [previous.get(key), next.get(key)];
    if (old === value) continue;
    if (old !== undefined && value !== undefined && equal(old, value)) kept.set(key, old);
    else same = false;
  }
  return same ? previous : withValues(next, kept);
}

/** `previous` if it holds the same items by identity in the same order, else `next`. */
export function stableList<T>(previous: readonly T[] | undefined, next: readonly T[]): readonly T[] {
  if (previous === next || previous?.length !== next.length) return next;
  return next.every((item, index) => item === previous[index]) ? previous : next;
}
