/** Rings at the time that was set last, in milliseconds by `performance.now()`, once. */
export class Alarm {
  readonly #ring: () => void;
  #at: number | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Null: not at all. */
  set(at: number | null): void {
    if (at === this.#at) return;
    clearTimeout(this.#timer);
    this.#at = at;
    if (at === null) return;
    const ring = (): void => {
      this.#at = null;
      this.#ring();
    };
    this.#timer = setTimeout(ring, Math.max(1, Math.ceil(at - performance.now())));
  }
}
