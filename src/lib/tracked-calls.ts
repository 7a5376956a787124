// For each key what a computation gave the last time, as long as all that it looked up in some tables is still the same.
import { touchedKeys } from './layered-map.ts';
import { memo } from './memo.ts';

type Table = ReadonlyMap<unknown, unknown>;

/** What a computation has looked at in a table: keys, or null for all of it. */
type Looks = readonly unknown[] | null;

interface Call<I, V> {
  readonly input: I;
  /** For each of the tables. */
  readonly looks: readonly Looks[];
  readonly value: V;
}

const noKeys: ReadonlySet<unknown> = new Set();
const noLooks: Looks = [];

const differingOf = memo((before: Table, after: Table): ReadonlySet<unknown> => {
  const touched = touchedKeys(before, after);
  if (touched !== null) return new Set([...touched].filter((key) => before.get(key) !== after.get(key)));
  const keys = new Set<unknown>();
  for (const [key, value] of after) if (before.get(key) !== value || !before.has(key)) keys.add(key);
  if (after.size - keys.size < before.size) for (const key of before.keys()) if (!after.has(key)) keys.add(key);
  return keys;
});

/** The keys under which two tables differ; remembered. */
export function differingKeys<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): ReadonlySet<K> {
  return differingOf(before, after) as ReadonlySet<K>;
}

/**
 * Remembers one result per key and what it was made from: its input, and what the computation has looked up in the tables
 * that it is given. It holds what the last round used and forgets the rest.
 *
 * Invariant: nobody says what a computation depends on. It sees the tables through views that note what it looks at.
 */
export class TrackedCalls<K, I, T extends readonly Table[], V> {
  #tables: T | null = null;
  /** Null: everything may be. */
  #changed: readonly ReadonlySet<unknown>[] | null = null;
  #last = new Map<K, Call<I, V>>();
  #now = new Map<K, Call<I, V>>();

  /** Runs a round: `work` calls `run` for each key that there is. */
  round<R>(tables: T, work: (run: (key: K, input: I, compute: (input: I, ...views: T) => V) => V) => R): R {
    const before = this.#tables;
    this.#changed = before && tables.map((table, index) => changes(before[index], table));
    this.#tables = tables;
    try {
      return work((key, input, compute) => this.#run(tables, key, input, compute));
    } finally {
      this.#last = this.#now;
      this.#now = new Map();
    }
  }

  #run(tables: T, key: K, input: I, compute: (input: I, ...views: T) => V): V {
    const last = this.#last.get(key);
    const call = last !== undefined && last.input === input && this.#holds(last) ? last : made(tables, input, compute);
    this.#now.set(key, call);
    return call.value;
  }

  #holds({ looks }: Call<I, V>): boolean {
    const changed = this.#changed;
    if (changed === null) return false;
    return changed.every((keys, index) => {
      const seen = looks[index];
      if (keys.size === 0 || seen === undefined) return true;
      return seen !== null && !seen.some((key) => keys.has(key));
    });
  }
}

function changes(before: Table | undefined, table: Table): ReadonlySet<unknown> {
  return before === undefined || before === table ? noKeys : differingOf(before, table);
}

function made<I, T extends readonly Table[], V>(
  tables: T,
  input: I,
  compute: (input: I, ...views: T) => V,
): Call<I, V> {
  const views = tables.map((table) => new View(table));
  const value = compute(input, ...(views as readonly Table[] as T));
  return { input, looks: views.map(({ looks }) => looks), value };
}

/** A table that notes what is looked at. */
class View<K, V> implements ReadonlyMap<K, V> {
  readonly #table: ReadonlyMap<K, V>;
  #looks: unknown[] | null = null;
  #isWhole = false;

  constructor(table: ReadonlyMap<K, V>) {
    this.#table = table;
  }

  get looks(): Looks {
    return this.#isWhole ? null : (this.#looks ?? noLooks);
  }

  /** The table itself: from here on all of it counts. */
  get whole(): ReadonlyMap<K, V> {
    this.#isWhole = true;
    return this.#table;
  }

  get(key: K): V | undefined {
    this.#note(key);
    return this.#table.get(key);
  }

  has(key: K): boolean {
    this.#note(key);
    return this.#table.has(key);
  }

  #note(key: K): void {
    if (this.#looks === null) this.#looks = [key];
    else if (!this.#looks.includes(key)) this.#looks.push(key);
  }

  get size(): number {
    return this.whole.size;
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.whole) callback(value, key, this);
  }

  entries() {
    return this.whole.entries();
  }

  keys() {
    return this.whole.keys();
  }

  values() {
    return this.whole.values();
  }

  [Symbol.iterator]() {
    return this.whole[Symbol.iterator]();
  }
}

/** The table behind a view, for what is remembered by the identity of a table; all of it counts as looked at. */
export function wholeOf<K, V>(table: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  return table instanceof View ? table.whole : table;
}
