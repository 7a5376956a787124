// Something outside this process that may be replaced at any time, such as the files of a certificate: the last reading that
// held together is in force.

/** What a certificate says of itself, for the log. */
export interface CertificateSummary {
  readonly subject: string;
  readonly fingerprint: string;
  readonly expires: string;
}

export interface Read<T> {
  readonly material: T;
  readonly summary: CertificateSummary;
  /** What works and should be otherwise. */
  readonly warnings: readonly string[];
}

export type Reading<T> =
  | ({ readonly kind: 'read' } & Read<T>)
  /** One line: what is wrong with which part, and what to do. Never anything of a key. */
  | { readonly kind: 'broken'; readonly reason: string };

export type WatchedEvent =
  /** Something new is in force. */
  | { readonly kind: 'loaded'; readonly summary: CertificateSummary; readonly warnings: readonly string[] }
  /** What is there now cannot be used; what was in force stays so. */
  | { readonly kind: 'broken'; readonly reason: string };

/** All in milliseconds. */
export interface WatchTimers {
  /** How long it must be quiet after a change before it is read. */
  readonly quiet: number;
  /** How long parts may disagree before that is told: whoever replaces them one by one is not done yet. */
  readonly patience: number;
  /** How often it is read though no change was noticed. */
  readonly recheck: number;
}

const defaultTimers: WatchTimers = { quiet: 100, patience: 2_000, recheck: 10_000 };

export interface WatchedOptions<T> {
  /** What is watched, for messages. */
  readonly name: string;
  /** May reject. */
  readonly read: () => Promise<Reading<T>>;
  /** Calls `hint` whenever something may have changed; what is returned ends that. Called anew before every reading. */
  readonly watch: (hint: () => void) => () => void;
  readonly same: (one: T, other: T) => boolean;
  readonly onEvent: (event: WatchedEvent) => void;
  readonly timers?: Partial<WatchTimers>;
}

/** Invariant: what is in force was read as a whole. What is replaced while it is read is read again. */
export class Watched<T> {
  readonly #options: WatchedOptions<T>;
  readonly #timers: WatchTimers;
  readonly #listeners = new Set<() => void>();
  #material: T;
  #unwatch: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  #changedWhileReading = false;
  #closed = false;
  /** Since when it is unusable, and whether that was told. */
  #broken: { readonly reason: string; readonly since: number; told: boolean } | null = null;

  /** `first`: what was read already, and is in force. */
  constructor(options: WatchedOptions<T>, first: Read<T>) {
    this.#options = options;
    this.#timers = { ...defaultTimers, ...options.timers };
    this.#material = first.material;
    options.onEvent({ kind: 'loaded', summary: first.summary, warnings: first.warnings });
    // What changed since it was read is not missed.
    this.#wait(0);
  }

  /** What is in force. */
  current(): T {
    return this.#material;
  }

  /** Calls `listener` whenever something new is in force; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#unwatch();
    this.#listeners.clear();
  }

  #hint(): void {
    if (this.#reading) this.#changedWhileReading = true;
    else this.#wait(this.#timers.quiet);
  }

  #wait(time: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), time);
  }

  async #look(): Promise<void> {
    this.#reading = true;
    this.#changedWhileReading = false;
    // Watched before it is read, no change of it is missed.
    this.#unwatch();
    this.#unwatch = this.#options.watch(() => this.#hint());
    const { read, name } = this.#options;
    const outcome = await read().catch(
      (error: unknown): Reading<T> => ({ kind: 'broken', reason: `cannot read ${name}: ${String(error)}` }),
    );
    this.#reading = false;
    if (this.#closed) return;
    if (this.#changedWhileReading) return this.#wait(this.#timers.quiet);
    if (outcome.kind === 'read') this.#take(outcome);
    else this.#keep(outcome.reason);
    const { patience, recheck } = this.#timers;
    this.#wait(this.#broken?.told === false ? patience : recheck);
  }

  #take({ material, summary, warnings }: Read<T>): void {
    const recovered = this.#broken?.told === true;
    this.#broken = null;
    const changed = !this.#options.same(material, this.#material);
    if (!changed && !recovered) return;
    this.#material = material;
    this.#options.onEvent({ kind: 'loaded', summary, warnings });
    if (changed) for (const listener of this.#listeners) this.#announce(listener);
  }

  #announce(listener: () => void): void {
    const { name, onEvent } = this.#options;
    try {
      listener();
    } catch (error) {
      onEvent({ kind: 'broken', reason: `${name} was not taken by the server: ${String(error)}` });
    }
  }

  #keep(reason: string): void {
    const now = performance.now();
    if (this.#broken?.reason !== reason) this.#broken = { reason, since: now, told: false };
    const { since, told } = this.#broken;
    if (told || now - since < this.#timers.patience) return;
    this.#broken.told = true;
    this.#options.onEvent({ kind: 'broken', reason });
  }
}
