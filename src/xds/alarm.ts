/**
 * Rings at the time that was set last, in milliseconds by `performance.now()`, once. What is set is mostly set again before
 * it comes: the timer under it may be an earlier one, which then is wound up again.
 */
export class Alarm {
  readonly #ring: () => void;
  #at: number | null = null;
  /** When the timer goes off; infinite without one. */
  #due = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Null: not at all. */
  set(at: number | null): void {
    this.#at = at;
    if (at !== null && at < this.#due) this.#wind(at);
  }

  /** Never rings again, and leaves no timer behind. */
  stop(): void {
    this.#at = null;
    clearTimeout(this.#timer);
  }

  #wind(at: number): void {
    clearTimeout(this.#timer);
    this.#due = at;
    this.#timer = setTimeout(() => this.#goOff(), Math.max(1, Math.ceil(at - performance.now())));
  }

  #goOff(): void {
    this.#due = Number.POSITIVE_INFINITY;
    const at = this.#at;
    if (at === null) return;
    if (at > performance.now()) this.#wind(at);
    else {
      this.#at = null;
      this.#ring();
    }
  }
}
