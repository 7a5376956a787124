// When to act on changes that come in bursts: a lone change on an idle system at once, a storm when it is quiet.

export interface BatchTiming {
  /** How long it must be quiet before a burst is handled, in milliseconds. */
  readonly quiet: number;
  /** How long a burst may put off its handling, in milliseconds. */
  readonly longest: number;
}

export const defaultTiming: BatchTiming = { quiet: 100, longest: 1000 };

/**
 * Calls `run` for every burst of `add()`. The first change after a quiet time runs at the end of the current turn of the
 * event loop; those that follow it closely wait until none came for `quiet`, but never longer than `longest`. One run
 * ends before the next begins.
 */
export class Batches {
  readonly #run: () => Promise<void>;
  readonly #timing: BatchTiming;
  #timer: NodeJS.Timeout | undefined;
  #atOnce: NodeJS.Immediate | undefined;
  #lastRun = Number.NEGATIVE_INFINITY;
  #firstWaiting: number | undefined;
  #running = false;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  constructor(run: () => Promise<void>, timing: BatchTiming = defaultTiming) {
    this.#run = run;
    this.#timing = timing;
  }

  add(): void {
    const now = performance.now();
    const idle = now - this.#lastRun > this.#timing.quiet && this.#firstWaiting === undefined;
    this.#firstWaiting ??= now;
    if (this.#running || this.#closed) return;
    const deadline = this.#firstWaiting + this.#timing.longest - now;
    if (idle) this.#atOnce = setImmediate(() => this.#fire());
    if (this.#atOnce !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, Math.min(this.#timing.quiet, deadline)));
  }

  /** Resolves when all that was added is handled. */
  async settled(): Promise<void> {
    if (this.#closed || (!this.#running && this.#firstWaiting === undefined)) return;
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#atOnce);
    this.#forget();
    this.#release();
  }

  #forget(): void {
    this.#timer = undefined;
    this.#atOnce = undefined;
    this.#firstWaiting = undefined;
  }

  async #fire(): Promise<void> {
    this.#forget();
    this.#running = true;
    await this.#run();
    this.#running = false;
    this.#lastRun = performance.now();
    if (this.#firstWaiting !== undefined) this.add();
    else this.#release();
  }

  #release(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
