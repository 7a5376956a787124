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
 * event loop; those that follow it closely wait until none came for `quiet`, but never longer than `longest`.
 */
export class Batches {
  readonly #run: () => void;
  readonly #timing: BatchTiming;
  #timer: NodeJS.Timeout | undefined;
  #lastRun = Number.NEGATIVE_INFINITY;
  #firstWaiting: number | undefined;

  constructor(run: () => void, timing: BatchTiming = defaultTiming) {
    this.#run = run;
    this.#timing = timing;
  }

  add(): void {
    const now = performance.now();
    this.#firstWaiting ??= now;
    const idle = now - this.#lastRun > this.#timing.quiet && this.#timer === undefined;
    const deadline = this.#firstWaiting + this.#timing.longest - now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fire(), idle ? 0 : Math.max(0, Math.min(this.#timing.quiet, deadline)));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#firstWaiting = undefined;
    this.#run();
    this.#lastRun = performance.now();
  }
}
