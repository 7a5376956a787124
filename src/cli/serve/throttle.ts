// Of a flood of events of one kind from one place: the first, and once a second the newest with a count.

interface Window<T> {
  /** Came within the window. */
  newest: T | undefined;
  count: number;
}

/** How many places are told apart; all others of a kind share one window. */
const mostPlaces = 1000;

/** Passes events on, at most one per kind and place in `spacing` milliseconds, and none for longer than that. */
export class Throttle<T> {
  readonly #pass: (event: T, suppressed?: number) => void;
  readonly #spacing: number;
  readonly #windows = new Map<string, Window<T>>();

  constructor(pass: (event: T, suppressed?: number) => void, spacing = 1000) {
    this.#pass = pass;
    this.#spacing = spacing;
  }

  add(kind: string, place: string, event: T): void {
    const own = `${kind} ${place}`;
    const key = this.#windows.has(own) || this.#windows.size < mostPlaces ? own : kind;
    const window = this.#windows.get(key);
    if (window !== undefined) {
      window.newest = event;
      window.count += 1;
      return;
    }
    this.#pass(event);
    this.#open(key);
  }

  #open(key: string): void {
    this.#windows.set(key, { newest: undefined, count: 0 });
    setTimeout(() => this.#end(key), this.#spacing).unref();
  }

  #end(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    const { newest, count } = window;
    if (newest === undefined) this.#windows.delete(key);
    else {
      this.#open(key);
      this.#pass(newest, count - 1);
    }
  }
}
