// Equal values become one object, for as long as somebody holds it.
import { memo } from './memo.ts';

/** A function that gives the same object for equal keys while that object is in use anywhere. */
export function interner<T extends object>(): (key: string, make: () => T) => T {
  const known = new Map<string, WeakRef<T>>();
  const forgotten = new FinalizationRegistry<string>((key) => {
    if (known.get(key)?.deref() === undefined) known.delete(key);
  });
  return (key, make) => {
    const held = known.get(key)?.deref();
    if (held !== undefined) return held;
    const created = make();
    known.set(key, new WeakRef(created));
    forgotten.register(created, key);
    return created;
  };
}

interface Link {
  /** The list that ends here, once somebody has asked for it. */
  list: readonly object[] | null;
}

const nothing: Link = { list: [] };
const longer = memo((_before: Link, _item: object): Link => ({ list: null }));

/** Lists of the same objects in the same order are one list, so that it can be what something is remembered by. */
export function internList<T extends object>(items: readonly T[]): readonly T[] {
  const end = items.reduce<Link>((before, item) => longer(before, item), nothing);
  end.list ??= items;
  return end.list as readonly T[];
}
