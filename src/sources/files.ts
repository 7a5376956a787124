// The source that reads files and folders of YAML and watches them.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { deepEqual } from 'fast-equals';
import { sortedBy } from '../lib/sorted.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { ObjectSet } from '../model/object.ts';
import { FileSet, type Look, type LookRequest } from './file-set.ts';
import { FolderWatch, type Hint } from './folder-watch.ts';
import { type SourceLimits, withLimits } from './limits.ts';
import { dataLink, isReadable } from './scan.ts';
import type { Change, Source, SourceReport } from './source.ts';
import { type NamedText, textVersion } from './text.ts';

export interface FilesOptions {
  /** Files and folders. Of a folder all *.yaml, *.yml and *.json below it are read, but no hidden ones. */
  readonly paths: readonly string[];
  readonly limits?: Partial<SourceLimits>;
  readonly timing?: Partial<FilesTiming>;
}

/** All in milliseconds. */
export interface FilesTiming {
  /** How long it must be quiet before a burst of changes is looked at. */
  readonly quiet: number;
  /** How long a burst may put that off. */
  readonly longest: number;
  /**
   * How long a file must stay the same before it is believed that it is gone, broken or lost objects; fifty times as long
   * if it is empty.
   */
  readonly settle: number;
  /** How often everything is read again, in case a change was not noticed. */
  readonly recheck: number;
}

const defaultFilesTiming: FilesTiming = { quiet: 15, longest: 200, settle: 100, recheck: 30_000 };

/** How often folders that cannot be watched are looked at, in milliseconds. */
const unwatchedRecheck = 2_000;
/** How many hints at once make it likely that some were lost, so that everything is looked at. */
const mostHints = 1_000;
/** How often watching begins anew while folders come and go. */
const watchAttempts = 5;

/** What is in the files at one moment. */
export interface FilesRead {
  readonly objects: ObjectSet;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ReadOptions {
  /** Texts to read besides the files, such as what came from standard input. */
  readonly texts?: readonly NamedText[];
  readonly limits?: Partial<SourceLimits>;
}

/** Reads files, folders and texts once, in the way of `filesSource`. Rejects if there are paths and none of them exists. */
export async function readOnce(paths: readonly string[], options: ReadOptions = {}): Promise<FilesRead> {
  const limits = withLimits(options.limits);
  const files = new FileSet({ paths, limits, settle: 0 });
  demandAny(paths, await files.look({ kind: 'all', read: 'every', paths: new Set() }));
  for (const text of options.texts ?? []) files.table.apply([textVersion(text, files.table.known(text.name), limits)]);
  return { objects: files.table.objects(), diagnostics: files.diagnostics() };
}

/**
 * A source of the objects in files and folders, which it watches.
 *
 * - A file with an error keeps its last good form as a whole; all other files apply. Where there never was a good form
 *   (at the start, or a new file), the good documents of the file apply.
 * - What can no longer be looked at (a given path that is missing, a folder without permission) stays in force: SLC0006.
 * - The same object in several files: the one whose name sorts first wins, the others get SLC0003.
 * - `start` rejects if none of the given paths exists.
 */
export function filesSource({ paths, limits, timing }: FilesOptions): Source {
  return new FilesSource(paths, withLimits(limits), { ...defaultFilesTiming, ...timing });
}

function demandAny(paths: readonly string[], { scan }: Look): void {
  if (paths.length > 0 && scan?.existing === 0) throw new Error(`no such file or folder: ${paths.join(', ')}`);
}

/** Why a look is due. */
type Reason = 'hints' | 'doubts' | 'recheck' | 'unwatched' | 'new folders';

class FilesSource implements Source {
  readonly #timing: FilesTiming;
  readonly #paths: readonly string[];
  readonly #files: FileSet;
  readonly #watch = new FolderWatch((hint) => this.#hint(hint));
  readonly #hints = new Map<string, Hint>();
  /** Of the hints that wait, how many are about what is or may be read; several may be about the same. */
  #telling = 0;
  readonly #due = new Set<Reason>();
  readonly #timers: { [R in Exclude<Reason, 'new folders'>]?: NodeJS.Timeout } = {};
  #burstBegan = 0;
  #looking: Promise<void> | null = null;
  #closed = false;
  #diagnostics: readonly Diagnostic[] = [];
  #onReport: (report: SourceReport) => void = () => {};

  constructor(paths: readonly string[], limits: SourceLimits, timing: FilesTiming) {
    this.#paths = paths;
    this.#timing = timing;
    this.#files = new FileSet({ paths, limits, settle: timing.settle });
  }

  async start(onReport: (report: SourceReport) => void): Promise<void> {
    const begun = this.#begin(onReport);
    this.#looking = begun.catch(() => {});
    try {
      await begun;
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#looking = null;
    this.#plan();
    this.#work();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#watch.close();
    await this.#looking;
  }

  async #begin(onReport: (report: SourceReport) => void): Promise<void> {
    let look = await this.#files.look({ kind: 'all', read: 'every', paths: new Set() });
    demandAny(this.#paths, look);
    for (let attempt = 1; attempt <= watchAttempts && this.#follow(look); attempt += 1) {
      look = await this.#files.look({ kind: 'all', read: 'changed', paths: new Set() });
    }
    if (this.#closed) return;
    this.#onReport = onReport;
    this.#diagnostics = this.#files.diagnostics();
    const objects = sortedBy(this.#files.table.objects().values(), ({ id }) => id);
    onReport({ changes: objects.map((object) => ({ kind: 'applied', object })), diagnostics: this.#diagnostics });
  }

  #hint(hint: Hint): void {
    const now = performance.now();
    if (this.#hints.size === 0) this.#burstBegan = now;
    this.#hints.set(hint.kind === 'anything' ? '' : hint.path, hint);
    const { quiet, longest } = this.#timing;
    this.#wake('hints', Math.max(0, Math.min(quiet, this.#burstBegan + longest - now)));
    if (!this.#tells(hint)) return;
    this.#telling += 1;
    // A program that removes a file and writes it anew gives more than one hint.
    const alone = (): boolean => this.#telling === 1;
    if (hint.kind !== 'anything' && hint.moved && alone() && this.#looking === null && !this.#closed) {
      this.#occupy(this.#files.glance(hint.path, alone).then((changes) => this.#report(changes)));
    }
  }

  /** Whether the hint is about what is or may be read, and not about what editors and scripts put beside it. */
  #tells(hint: Hint): boolean {
    if (hint.kind !== 'entry' || this.#files.reads(hint.path)) return true;
    const name = basename(hint.path);
    return name === dataLink || isReadable(name);
  }

  /** Makes a look due some time from now, instead of when it was due before for the same reason. */
  #wake(reason: Exclude<Reason, 'new folders'>, after: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timers[reason]);
    this.#timers[reason] = setTimeout(() => {
      delete this.#timers[reason];
      this.#due.add(reason);
      this.#work();
    }, after);
  }

  /** Looks as long as there is a reason to. */
  #work(): void {
    if (!this.#closed && this.#looking === null && this.#due.size > 0) this.#occupy(this.#lookAll());
  }

  /** One look at a time: what becomes due meanwhile follows. */
  #occupy(looking: Promise<void>): void {
    this.#looking = looking.finally(() => {
      this.#looking = null;
      this.#work();
    });
  }

  async #lookAll(): Promise<void> {
    while (this.#due.size > 0 && !this.#closed) {
      const look = await this.#files.look(await this.#request());
      if (this.#closed) return;
      if (this.#follow(look)) this.#due.add('new folders');
      this.#report(look.changes);
      this.#plan();
    }
  }

  async #request(): Promise<LookRequest> {
    const due = new Set(this.#due);
    this.#due.clear();
    const paths = new Set(due.has('doubts') ? this.#files.doubts()?.paths : []);
    if (due.has('recheck')) {
      this.#forgetHints();
      this.#watch.retry();
      return { kind: 'all', read: 'every', paths };
    }
    const hints = due.has('hints') ? [...this.#hints.values()] : [];
    if (due.has('hints')) this.#forgetHints();
    for (const hint of hints) if (hint.kind !== 'anything' && this.#files.reads(hint.path)) paths.add(hint.path);
    const unseen = due.has('new folders') || due.has('unwatched') || hints.length > mostHints;
    const all = unseen || (await this.#anyElsewhere(hints));
    return all ? { kind: 'all', read: 'changed', paths } : { kind: 'files', paths };
  }

  /** Whether a hint is about something else than a file that is read. */
  async #anyElsewhere(hints: readonly Hint[]): Promise<boolean> {
    for (const hint of hints) {
      if (hint.kind === 'anything') return true;
      if (this.#files.reads(hint.path)) continue;
      if (hint.kind === 'wanted' || this.#watch.follows(hint.path) || (await mayMatter(hint.path))) return true;
    }
    return false;
  }

  #forgetHints(): void {
    this.#hints.clear();
    this.#telling = 0;
  }

  #follow({ scan }: Look): boolean {
    return scan !== null && !this.#closed && this.#watch.follow(scan.folders);
  }

  #report(changes: readonly Change[]): void {
    if (this.#closed) return;
    const diagnostics = this.#files.diagnostics();
    if (changes.length === 0 && deepEqual(diagnostics, this.#diagnostics)) return;
    this.#diagnostics = diagnostics;
    this.#onReport({ changes, diagnostics });
  }

  #plan(): void {
    const doubts = this.#files.doubts();
    if (doubts !== null) this.#wake('doubts', doubts.after + 1);
    if (this.#timers.recheck === undefined) this.#wake('recheck', this.#timing.recheck);
    if (!this.#watch.complete && this.#timers.unwatched === undefined) this.#wake('unwatched', unwatchedRecheck);
  }
}

/** Whether an entry that is not known may be of interest: a file to read, a ConfigMap's data, a folder. */
async function mayMatter(path: string): Promise<boolean> {
  const name = basename(path);
  if (name === dataLink || isReadable(name)) return true;
  if (name.startsWith('.')) return false;
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
