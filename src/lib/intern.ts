// Equal values become one object, for as long as somebody holds it.

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
