// For each key what a computation gave the last time, as long as all that went in is the same.

interface Call<V> {
  /** What is compared first, where there is such a thing. */
  readonly surface: readonly unknown[] | null;
  readonly inputs: readonly unknown[];
  readonly value: V;
}

/**
 * Remembers one result per key. Unlike `memo` it suits many inputs of changing number; it holds what the last round used
 * and forgets the rest.
 */
export class LastCalls<K, V> {
  #last = new Map<K, Call<V>>();
  #now = new Map<K, Call<V>>();

  /** The value of `compute`, or the last one for this key if `inputs` are the same by identity. */
  run(key: K, inputs: readonly unknown[], compute: () => V): V {
    return this.#keep(key, this.#call(key, null, inputs, compute));
  }

  /** As `run`, for inputs that are not cheap to find: they are not asked for while those on the surface are the same. */
  runThrough(key: K, surface: readonly unknown[], inputs: () => readonly unknown[], compute: () => V): V {
    const last = this.#last.get(key);
    const same = last?.surface != null && identical(last.surface, surface);
    return this.#keep(key, same ? last : this.#call(key, surface, inputs(), compute));
  }

  #call(key: K, surface: readonly unknown[] | null, inputs: readonly unknown[], compute: () => V): Call<V> {
    const last = this.#last.get(key);
    const value = last !== undefined && identical(last.inputs, inputs) ? last.value : compute();
    // Copies: a list that was put together has room for more, and these are kept.
    return { surface: surface?.slice() ?? null, inputs: inputs.slice(), value };
  }

  #keep(key: K, call: Call<V>): V {
    this.#now.set(key, call);
    return call.value;
  }

  /** Ends a round: keys that were not run in it are forgotten. */
  endRound(): void {
    this.#last = this.#now;
    this.#now = new Map();
  }
}

function identical(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
