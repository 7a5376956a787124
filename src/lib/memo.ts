// Remembers what a pure function returned, by the identity of all its arguments.
//
// Invariant: nothing here is keyed by hand. An object argument is a weak key, so what is no longer used anywhere is
// forgotten; a primitive argument hangs below the object before it.

/** Stands where no primitive has been an argument yet. */
const none = Symbol('none');

/** What follows from one argument: the step of the next one, or after the last one the result. */
class Step {
  #weak: WeakMap<WeakKey, unknown> | undefined;
  /** The first primitive and what follows from it; mostly it is the only one, and a Map takes much more memory. */
  #first: unknown = none;
  #following: unknown;
  #strong: Map<unknown, unknown> | undefined;

  get(key: unknown): unknown {
    if (isWeakKey(key)) return this.#weak?.get(key);
    return Object.is(key, this.#first) ? this.#following : this.#strong?.get(key);
  }

  set(key: unknown, value: unknown): void {
    if (isWeakKey(key)) {
      this.#weak ??= new WeakMap();
      this.#weak.set(key, value);
    } else if (this.#first === none) {
      this.#first = key;
      this.#following = value;
    } else {
      this.#strong ??= new Map();
      this.#strong.set(key, value);
    }
  }
}

function isWeakKey(value: unknown): value is WeakKey {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function next(step: Step, key: unknown): Step {
  const known = step.get(key);
  if (known !== undefined) return known as Step;
  const created = new Step();
  step.set(key, created);
  return created;
}

/**
 * A function that runs `compute` once per combination of arguments and gives the same result object ever after (the
 * result undefined is not remembered). At least one argument should be an object: primitives alone are never forgotten.
 * What counts are the parameters that `compute` names: an index that `flatMap` passes beyond them does not.
 * So none of them may be a rest parameter or have a default.
 */
export function memo<A extends readonly unknown[], R>(compute: (...args: A) => R): (...args: A) => R {
  const root = new Step();
  const end = compute.length - 1;
  if (end < 0) throw new Error('memo: the function names no parameter');
  return (...args) => {
    let step = root;
    for (let index = 0; index < end; index += 1) step = next(step, args[index]);
    const last = args[end];
    const known = step.get(last);
    if (known !== undefined) return known as R;
    const result = compute(...args);
    step.set(last, result);
    return result;
  };
}

/** A value computed at its first use and kept. */
export function lazy<T>(compute: () => T): () => T {
  let cell: { readonly value: T } | undefined;
  return () => {
    cell ??= { value: compute() };
    return cell.value;
  };
}
