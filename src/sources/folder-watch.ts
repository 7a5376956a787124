// Watches folders for hints that something in them may have changed. A hint is never more than a reason to look.
import { type FSWatcher, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isGone } from './read-file.ts';
import type { FoundFolder } from './scan.ts';

/**
 * What may have changed: an entry of a folder, one of those that were asked for by name, or nobody knows what. `moved`: an
 * entry came or went, and not (only) its content.
 */
export type Hint =
  | { readonly kind: 'entry' | 'wanted'; readonly path: string; readonly moved: boolean }
  | { readonly kind: 'anything' };

/** Resolves when every watcher has told of all that had happened before the call: a hint waits until the loop polls. */
export async function allHeard(): Promise<void> {
  // The first turn may be one that has polled already.
  await nextTurn();
  await nextTurn();
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string;
  only: ReadonlySet<string> | null;
}

/**
 * One watcher per folder. (Node's recursive watching follows no links to folders, and on Linux it is made of single
 * watchers as well, one for each file.) A folder that cannot be watched is one that has to be looked at regularly.
 */
export class FolderWatch {
  readonly #onHint: (hint: Hint) => void;
  readonly #watched = new Map<string, Watched>();
  /** Folders whose watcher failed; not tried again until `retry`. */
  readonly #failed = new Set<string>();
  #complete = true;

  constructor(onHint: (hint: Hint) => void) {
    this.#onHint = onHint;
  }

  /** Whether all folders are watched. */
  get complete(): boolean {
    return this.#complete;
  }

  follows(path: string): boolean {
    return this.#watched.has(path);
  }

  /** Watches these folders and no others. True if one is newly watched: what happened in it before was not seen. */
  follow(folders: ReadonlyMap<string, FoundFolder>): boolean {
    for (const [path, { identity }] of this.#watched) {
      if (folders.get(path)?.identity !== identity) this.#unwatch(path);
    }
    let added = false;
    this.#complete = true;
    for (const [path, { identity, only }] of folders) {
      const held = this.#watched.get(path);
      if (held !== undefined) held.only = only;
      else if (!this.#failed.has(path) && this.#watch(path, identity, only)) added = true;
      else this.#complete = false;
    }
    return added;
  }

  /** Lets `follow` try folders again whose watchers failed. */
  retry(): void {
    this.#failed.clear();
  }

  close(): void {
    for (const path of [...this.#watched.keys()]) this.#unwatch(path);
  }

  #watch(path: string, identity: string, only: ReadonlySet<string> | null): boolean {
    try {
      const watched: Watched = { watcher: watch(path), identity, only };
      this.#watched.set(path, watched);
      watched.watcher.on('change', (kind, name) =>
        this.#changed(path, watched, kind, name === null ? null : `${name}`),
      );
      watched.watcher.on('error', () => {
        this.#failed.add(path);
        this.#lose(path, watched);
      });
      return true;
    } catch (error) {
      if (!isGone(error)) this.#failed.add(path);
      return false;
    }
  }

  #changed(path: string, watched: Watched, kind: string, name: string | null): void {
    if (this.#watched.get(path) !== watched) return;
    // The folder itself was moved or removed: this watcher sees nothing of what takes its place.
    if (kind === 'rename' && name === basename(path)) this.#lose(path, watched);
    else if (name === null) this.#onHint({ kind: 'anything' });
    else if (watched.only === null || watched.only.has(name)) {
      const moved = kind === 'rename';
      this.#onHint({ kind: watched.only === null ? 'entry' : 'wanted', path: join(path, name), moved });
    }
  }

  #lose(path: string, watched: Watched): void {
    if (this.#watched.get(path) !== watched) return;
    this.#unwatch(path);
    this.#onHint({ kind: 'anything' });
  }

  #unwatch(path: string): void {
    this.#watched.get(path)?.watcher.close();
    this.#watched.delete(path);
  }
}
