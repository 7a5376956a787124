// The server's TLS material, kept as the files in a folder are: whoever renews them need not restart anything.
import { X509Certificate } from 'node:crypto';
import { folderHints } from './folder-hints.ts';
import type { Validity } from './renewal.ts';
import { lapsedOf, readTlsMaterial, type TlsMaterial } from './tls-material.ts';
import { Watched, type WatchedEvent, type WatchTimers } from './watched.ts';

export interface TlsFolderOptions {
  readonly onEvent: (event: WatchedEvent) => void;
  readonly timers?: Partial<WatchTimers>;
}

/** The folder cannot be used. The message is one line that says what to do. */
export class UnusableTlsFolder extends Error {}

const same = (one: TlsMaterial, other: TlsMaterial): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Invariant: what is in force are files that fit together. Files replaced while they are read are read again. */
export class TlsFolder {
  readonly #watched: Watched<TlsMaterial>;

  private constructor(watched: Watched<TlsMaterial>) {
    this.#watched = watched;
  }

  /** Reads the folder and watches it from now on. Throws UnusableTlsFolder where there is nothing that can be used. */
  static async open(path: string, options: TlsFolderOptions): Promise<TlsFolder> {
    const read = () => readTlsMaterial(path);
    const outcome = await read();
    if (outcome.kind === 'broken') throw new UnusableTlsFolder(outcome.reason);
    const watch = (hint: () => void) => folderHints(path, hint);
    return new TlsFolder(new Watched({ name: path, read, watch, same, ...options }, outcome));
  }

  /** What is in force, as node:tls takes it. */
  options(): TlsMaterial {
    return this.#watched.current();
  }

  validity(): Validity {
    const { validFromDate, validToDate } = new X509Certificate(this.#watched.current().cert);
    return { from: validFromDate.getTime(), to: validToDate.getTime() };
  }

  /** How many of its CAs and lists of revoked certificates have run out by now. */
  lapsed(): number {
    return lapsedOf(this.#watched.current());
  }

  /** Calls `listener` whenever something new is in force; returns what ends that. */
  onChange(listener: () => void): () => void {
    return this.#watched.onChange(listener);
  }

  async close(): Promise<void> {
    this.#watched.close();
  }
}
