// How far the objects of one kind are known, and who waits until more of them are. Versions of one kind's lists and events can be
// compared as numbers (KEP-5504).

interface Waiting {
  readonly version: number;
  readonly reached: () => void;
}

export class Progress {
  #version = Number.NEGATIVE_INFINITY;
  #hurry = new AbortController();
  readonly #waiting = new Set<Waiting>();

  /** Aborts when a watch is to be begun anew: what it should have told may have been lost on the way. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** Whether somebody waits: a watch then is to say soon how far it is. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  /** All up to this version was told. */
  reach(version: string): void {
    this.#version = Number(version);
    for (const waiting of this.#waiting) if (this.#version >= waiting.version) waiting.reached();
  }

  /** Resolves once all up to this version was told, or when `signal` aborts. */
  async until(version: string, signal: AbortSignal): Promise<void> {
    const wanted = Number(version);
    // What is no number cannot be waited for.
    if (!(wanted > this.#version) || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting: Waiting = { version: wanted, reached: resolve };
    this.#waiting.add(waiting);
    signal.addEventListener('abort', () => resolve());
    this.#restart();
    await promise;
    this.#waiting.delete(waiting);
  }

  #restart(): void {
    const before = this.#hurry;
    this.#hurry = new AbortController();
    before.abort();
  }
}
