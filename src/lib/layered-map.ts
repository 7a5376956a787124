// Maps of which a few values change at a time. Each shares all else with the one before, so that a change costs what it
// touches, and so does the question what is different.

/** With more values changed since the base, all are put together anew. */
const mostChanges = 256;

/** The map of `base` with other values at some of its keys. */
class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  readonly base: ReadonlyMap<K, V>;
  readonly changes: ReadonlyMap<K, V>;

  constructor(base: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V>) {
    this.base = base;
    this.changes = changes;
  }

  get size(): number {
    return this.base.size;
  }

  get(key: K): V | undefined {
    return this.changes.get(key) ?? this.base.get(key);
  }

  has(key: K): boolean {
    return this.base.has(key);
  }

  keys(): MapIterator<K> {
    return this.base.keys();
  }

  *values(): MapIterator<V> {
    for (const [key, value] of this.base) yield this.changes.get(key) ?? value;
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.base) yield [key, this.changes.get(key) ?? value];
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }
}

/** A map with the same keys in the same order, and the same for all that come from one another by `withValues`. */
export function baseOf<K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  return map instanceof LayeredMap ? map.base : map;
}

/** `map` with these values, none of which is undefined; keys that it has not come last. The map itself stays as it is. */
export function withValues<K, V>(map: ReadonlyMap<K, V>, values: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (values.size === 0) return map;
  const before: ReadonlyMap<K, V> = map instanceof LayeredMap ? map.changes : new Map<K, V>();
  const changes = new Map([...before, ...values]);
  const few = changes.size <= mostChanges && values.keys().every((key) => map.has(key));
  if (few) return new LayeredMap(baseOf(map), changes);
  const whole = new Map(map);
  for (const [key, value] of values) whole.set(key, value);
  return whole;
}

/** The keys under which two maps may differ, where both come from one map; null where that is not known. */
export function touchedKeys<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): ReadonlySet<K> | null {
  if (baseOf(before) !== baseOf(after)) return null;
  const changes = (map: ReadonlyMap<K, V>): readonly K[] => (map instanceof LayeredMap ? [...map.changes.keys()] : []);
  return new Set([...changes(before), ...changes(after)]);
}
