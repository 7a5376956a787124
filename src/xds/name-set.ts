// Sets of resource names, interned: proxies that subscribe to the same names share one set and all that is computed from
// it.
import { hash } from 'node:crypto';
import { interner } from '../lib/intern.ts';
import { memo } from '../lib/memo.ts';
import { byText } from '../lib/sorted.ts';

/** Iterates in the order of the names' code units. Invariant: equal sets are one object, so `===` compares them. */
export type NameSet = ReadonlySet<string>;

const intern = interner<NameSet>();

/** The set of these names; equal sets are the same object. */
export function nameSet(names: Iterable<string>): NameSet {
  const distinct = new Set(names);
  if (distinct.size === 0) return noNames;
  const sorted = [...distinct].sort(byText);
  return intern(hash('sha256', JSON.stringify(sorted)), () => new Set(sorted));
}

export const noNames: NameSet = new Set();

export const unite = memo((a: NameSet, b: NameSet): NameSet => {
  if (a.size === 0 || a === b) return b;
  return [...b].every((name) => a.has(name)) ? a : nameSet([...a, ...b]);
});

/** The names of `a` that `b` lacks. */
export const without = memo((a: NameSet, b: NameSet): NameSet => {
  return a.size === 0 || b.size === 0 ? a : nameSet([...a].filter((name) => !b.has(name)));
});

export const common = memo((a: NameSet, b: NameSet): NameSet => {
  return a === b ? a : nameSet([...a].filter((name) => b.has(name)));
});
