// For each key what a computation gave the last time, as long as all that went in is the same.

interface Call<V> {
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
    const last = this.#last.get(key);
    const same = last?.inputs.length === inputs.length && last.inputs.every((input, i) => input === inputs[i]);
    const call = same ? last : { inputs, value: compute() };
    this.#now.set(key, call);
    return call.value;
  }

  /** Ends a round: keys that were not run in it are forgotten. */
  endRound(): void {
    this.#last = this.#now;
    this.#now = new Map();
  }
}
