// Alarms by the clock on the wall. A timer of the system counts the time that the machine was awake: after a pause it would
// ring too late, and when the clock is set it would not notice.

export interface WallClock {
  /** In milliseconds since 1970. */
  readonly now: () => number;
  /** How often an alarm looks at the clock, in milliseconds. */
  readonly look: number;
}

export const wallClock: WallClock = { now: Date.now, look: 60_000 };

/** Rings once, at the time that it was set to last. */
export class Alarm {
  readonly #clock: WallClock;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: () => void, clock: WallClock = wallClock) {
    this.#ring = ring;
    this.#clock = clock;
  }

  /**
   * `at`: in milliseconds since 1970; null: never. It rings as well when it looks at the clock and finds that it is before
   * `from`: the clock was set back, and what began then has not begun.
   */
  set(at: number | null, from = Number.NEGATIVE_INFINITY): void {
    clearTimeout(this.#timer);
    if (at === null) return;
    const { now, look } = this.#clock;
    const wait = Math.max(0, Math.min(at - now(), look));
    this.#timer = setTimeout(() => {
      const time = now();
      if (at <= time || time < from) this.#ring();
      else this.set(at, from);
    }, wait);
    // It keeps no process alive.
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
