// The server's TLS material, kept as the files in a folder are: whoever renews them need not restart anything.
import { type FSWatcher, watch } from 'node:fs';
import { type MaterialOutcome, type ReadMaterial, readTlsMaterial, type TlsMaterial } from './tls-material.ts';

export type TlsEvent =
  /** Something new is in force. */
  | ({ readonly kind: 'loaded' } & Omit<ReadMaterial, 'material' | 'ends'>)
  /** What is in the folder now cannot be used; what was in force stays so. */
  | { readonly kind: 'broken'; readonly reason: string };

/** All in milliseconds. */
export interface TlsFolderTimers {
  /** How long it must be quiet after a change before the files are read. */
  readonly quiet: number;
  /** How long files may disagree before that is told: whoever replaces them one by one is not done yet. */
  readonly patience: number;
  /** How often the files are read though no change was noticed: a folder may itself be replaced. */
  readonly recheck: number;
}

export interface TlsFolderOptions {
  readonly onEvent: (event: TlsEvent) => void;
  readonly timers?: Partial<TlsFolderTimers>;
}

const defaultTimers: TlsFolderTimers = { quiet: 100, patience: 2_000, recheck: 10_000 };

/** The folder cannot be used. The message is one line that says what to do. */
export class UnusableTlsFolder extends Error {}

const same = (one: TlsMaterial, other: TlsMaterial): boolean => JSON.stringify(one) === JSON.stringify(other);

/**
 * Invariant: what is in force are files that fit together. Files replaced while they are read are read again.
 */
export class TlsFolder {
  readonly #path: string;
  readonly #options: TlsFolderOptions;
  readonly #timers: TlsFolderTimers;
  readonly #listeners = new Set<() => void>();
  #material: TlsMaterial;
  #ends: readonly number[];
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  #changedWhileReading = false;
  #closed = false;
  /** Since when the files are unusable, and whether that was told. */
  #broken: { readonly reason: string; readonly since: number; told: boolean } | null = null;

  private constructor(path: string, options: TlsFolderOptions, { material, ends }: ReadMaterial) {
    this.#path = path;
    this.#options = options;
    this.#timers = { ...defaultTimers, ...options.timers };
    this.#material = material;
    this.#ends = ends;
    // What changed since the files were read is not missed.
    this.#wait(0);
  }

  /** Reads the folder and watches it from now on. Throws UnusableTlsFolder where there is nothing that can be used. */
  static async open(path: string, options: TlsFolderOptions): Promise<TlsFolder> {
    const outcome = await readTlsMaterial(path);
    if (outcome.kind === 'broken') throw new UnusableTlsFolder(outcome.reason);
    const { summary, warnings } = outcome;
    options.onEvent({ kind: 'loaded', summary, warnings });
    return new TlsFolder(path, options, outcome);
  }

  /** What is in force, as node:tls takes it. */
  options(): TlsMaterial {
    return this.#material;
  }

  /** How many of its CAs and lists of revoked certificates have run out by now. */
  lapsed(): number {
    const now = Date.now();
    return this.#ends.filter((end) => end <= now).length;
  }

  /** Calls `listener` whenever something new is in force; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#listeners.clear();
  }

  /** Kubernetes replaces a Secret's files by turning the link `..data`, which is an entry of the folder as well. */
  #watch(): void {
    try {
      this.#watcher = watch(this.#path, () => this.#hint());
      this.#watcher.on('error', () => this.#unwatch());
    } catch {
      this.#watcher = null;
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
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
    // The folder of that name may be another one by now. Watched before it is read, no change of it is missed.
    this.#unwatch();
    this.#watch();
    const outcome = await readTlsMaterial(this.#path).catch(
      (error: unknown): MaterialOutcome => ({ kind: 'broken', reason: `cannot read ${this.#path}: ${String(error)}` }),
    );
    this.#reading = false;
    if (this.#closed) return;
    if (this.#changedWhileReading) return this.#wait(this.#timers.quiet);
    if (outcome.kind === 'read') this.#take(outcome);
    else this.#keep(outcome.reason);
    const { patience, recheck } = this.#timers;
    this.#wait(this.#broken?.told === false ? patience : recheck);
  }

  #take({ material, ends, summary, warnings }: ReadMaterial): void {
    const recovered = this.#broken?.told === true;
    this.#broken = null;
    const changed = !same(material, this.#material);
    if (!changed && !recovered) return;
    this.#material = material;
    this.#ends = ends;
    this.#options.onEvent({ kind: 'loaded', summary, warnings });
    if (changed) for (const listener of this.#listeners) this.#announce(listener);
  }

  #announce(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.onEvent({ kind: 'broken', reason: `${this.#path} was not taken by the server: ${String(error)}` });
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
