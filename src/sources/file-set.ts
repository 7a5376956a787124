// The files of a source and what was read from each: which to read again, and when to believe what is read.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Diagnostic, diagnoseFile } from '../model/diagnostic.ts';
import type { ObjectId } from '../model/object.ts';
import { sortDiagnostics } from './diagnostic-order.ts';
import { changesEndpointsOnly } from './endpoint-change.ts';
import { readVersion, type Version } from './file-version.ts';
import { allHeard } from './folder-watch.ts';
import type { SourceLimits } from './limits.ts';
import { type FileUpdate, ObjectTable } from './object-table.ts';
import { type Fingerprint, isRegularFile, readTextNow } from './read-file.ts';
import { type FoundFile, isWithin, type Scan, type ScanTrouble, scan } from './scan.ts';
import type { Change } from './source.ts';

export interface FileSetOptions {
  readonly paths: readonly string[];
  readonly limits: SourceLimits;
  /** How long a file must stay the same before it is believed that it lost something, in milliseconds. */
  readonly settle: number;
}

/** What to look at: the named files, or all folders; where all, every file is read or those that seem to have changed. */
export type LookRequest =
  | { readonly kind: 'files'; readonly paths: ReadonlySet<string> }
  | { readonly kind: 'all'; readonly read: 'changed' | 'every'; readonly paths: ReadonlySet<string> };

export interface Look {
  readonly changes: readonly Change[];
  /** Null if the folders were not walked. */
  readonly scan: Scan | null;
}

interface File {
  found: FoundFile;
  readonly text: () => string | null;
  /** Of the version that was believed last. */
  fingerprint: Fingerprint | null;
  digest: string;
  racy: boolean;
  doubt: Doubt | null;
}

/** A version that is not believed yet, and until when it has to last. */
interface Doubt {
  readonly digest: string;
  readonly until: number;
  readonly update: FileUpdate;
}

interface Reading {
  readonly file: File;
  readonly version: Version;
}

type ReadVersion = Extract<Version, { readonly kind: 'version' }>;

const gone = 'gone';
/** How many files, and bytes, are read at once. */
const readAtOnce = { files: 16, bytes: 16 * 1024 * 1024 };
/** How often a look begins anew when a ConfigMap is replaced under it. */
const attempts = 3;

/** Reads given files and folders, and says what changed. One look at a time. */
export class FileSet {
  readonly table: ObjectTable;
  readonly #options: FileSetOptions;
  readonly #files = new Map<string, File>();
  readonly #byPath = new Map<string, File>();
  readonly #doubtful = new Set<File>();
  readonly #troubles = new Map<string, ScanTrouble>();
  #first = true;

  constructor(options: FileSetOptions) {
    this.#options = options;
    this.table = new ObjectTable(options.limits);
  }

  /** Whether a file that is read stands at this path. */
  reads(path: string): boolean {
    return this.#byPath.has(path);
  }

  /** All that is to be said about the files. */
  diagnostics(): readonly Diagnostic[] {
    const troubles = [...this.#troubles.values()].map(({ code, name, message }) =>
      diagnoseFile(code, { file: name, line: 1, column: 1 }, message),
    );
    return sortDiagnostics([...this.table.diagnostics(), ...troubles]);
  }

  /** The files that have to be read again to be believed, and in how many milliseconds; null if there are none. */
  doubts(): { readonly paths: ReadonlySet<string>; readonly after: number } | null {
    if (this.#doubtful.size === 0) return null;
    const next = Math.min(...this.#doubtful.values().map(({ doubt }) => doubt?.until ?? 0));
    const paths = new Set(this.#doubtful.values().map(({ found }) => found.path));
    return { paths, after: Math.max(0, next - performance.now()) };
  }

  /** Takes a look. All that it found takes effect at once. */
  async look(request: LookRequest): Promise<Look> {
    for (let attempt = 1; ; attempt += 1) {
      if (request.kind === 'files') {
        const readings = await this.#read([...request.paths].flatMap((path) => this.#byPath.get(path) ?? []));
        const complete = readings.length === request.paths.size && !readings.some(isGone);
        if (complete) return { changes: this.#commit(readings), scan: null };
      }
      const found = await scan(this.#options.paths, this.#options.limits);
      const files = found.files.map((each) => this.#meet(each));
      const readings = await this.#read(files.filter((file) => mustRead(file, request)));
      const torn = found.torn || readings.some((reading) => reading.file.found.sealed && isGone(reading));
      if (!torn) return { changes: this.#commit([...readings, ...this.#missing(found)], found), scan: found };
      if (attempt === attempts) {
        return {
          changes: this.#commit(
            readings.filter((reading) => !isGone(reading)),
            found,
          ),
          scan: found,
        };
      }
    }
  }

  /**
   * Takes a file over that was replaced in one step, if endpoints are all that differs; else nothing. `alone` is asked once
   * everything is heard of that happened before the file was read: whether that was one hint about one file.
   */
  async glance(path: string, alone: () => boolean): Promise<readonly Change[]> {
    const file = this.#byPath.get(path);
    if (file === undefined || file.doubt !== null || file.found.sealed) return [];
    const reading = await this.#readOne(file);
    const isFile = isRegularFile(path);
    await allHeard();
    const { version } = reading;
    if (version.kind !== 'version' || version.content.parsed === 'held' || !isFile) return [];
    const replaced = version.fingerprint.inode !== file.fingerprint?.inode && alone();
    const certain = replaced && changesEndpointsOnly(this.table.accepted(file.found.name), version.content.parsed);
    return certain ? this.#commit([reading]) : [];
  }

  #meet(found: FoundFile): File {
    const held = this.#files.get(found.name);
    const file = held ?? newFile(found, this.#options.limits);
    if (held !== undefined) this.#byPath.delete(held.found.path);
    file.found = found;
    this.#files.set(found.name, file);
    this.#byPath.set(found.path, file);
    return file;
  }

  async #read(files: readonly File[]): Promise<readonly Reading[]> {
    const readings: Reading[] = [];
    for (const part of portions(files)) {
      readings.push(...(await Promise.all(part.map((file) => this.#readOne(file)))));
      await nextTurn();
    }
    return readings;
  }

  async #readOne(file: File): Promise<Reading> {
    const { found, digest, doubt } = file;
    const holds = (other: string) => other === digest || other === doubt?.digest;
    const { limits } = this.#options;
    return {
      file,
      version: await readVersion({ path: found.path, limits, known: this.table.known(found.name), holds }),
    };
  }

  /** The files that were there and are not found any more, but for those that could not be looked for. */
  #missing({ files, troubles }: Scan): readonly Reading[] {
    const names = new Set(files.map(({ name }) => name));
    const kept = (name: string) => troubles.some((trouble) => isWithin(name, trouble.name));
    const missing = [...this.#files.values()].filter(({ found: { name } }) => !names.has(name) && !kept(name));
    return missing.map((file) => ({ file, version: { kind: 'gone' } }));
  }

  #commit(readings: readonly Reading[], found: Scan | null = null): readonly Change[] {
    if (found !== null) this.#troubles.clear();
    for (const trouble of found?.troubles ?? []) this.#troubles.set(trouble.name, trouble);
    const elsewhere = this.#first ? new Set<ObjectId>() : definedBy(readings);
    const changes = this.table.apply(readings.flatMap((reading) => this.#take(reading, elsewhere) ?? []));
    this.#first = false;
    return changes;
  }

  #take({ file, version }: Reading, elsewhere: ReadonlySet<ObjectId>): FileUpdate | null {
    const { name } = file.found;
    if (version.kind === 'unreadable') {
      this.#troubles.set(name, { code: 'SLC0006', name, message: version.reason });
      file.fingerprint = null;
      return null;
    }
    if (version.kind === 'gone') return this.#takeGone(file, elsewhere);
    this.#troubles.delete(name);
    const update = this.#judge(file, version, elsewhere);
    if (update === 'doubted') return null;
    file.fingerprint = version.fingerprint;
    file.digest = version.content.digest;
    file.racy = version.racy;
    return update;
  }

  #takeGone(file: File, elsewhere: ReadonlySet<ObjectId>): FileUpdate | null {
    const update: FileUpdate = { kind: 'gone', name: file.found.name };
    if (!file.found.sealed && this.table.removes(update, elsewhere) && this.#doubts(file, gone, update)) return null;
    this.#doubtful.delete(file);
    this.#files.delete(file.found.name);
    this.#byPath.delete(file.found.path);
    return update;
  }

  /** What a version does: nothing if its content is in force, and nothing yet if it must first prove to last. */
  #judge(file: File, version: ReadVersion, elsewhere: ReadonlySet<ObjectId>): FileUpdate | 'doubted' | null {
    const { found, text, doubt } = file;
    const { digest, parsed } = version.content;
    const update: FileUpdate | undefined =
      parsed === 'held' ? doubt?.update : { kind: 'file', name: found.name, parsed, text };
    if (digest === file.digest || update === undefined) {
      this.#trust(file);
      return null;
    }
    const broken = update.kind === 'file' && update.parsed.findings.length > 0;
    const emptied = update.kind === 'file' && update.parsed.objects.size === 0;
    const inPlace = version.fingerprint.inode === file.fingerprint?.inode;
    const suspicious = broken || ((emptied || inPlace) && this.table.removes(update, elsewhere));
    // An empty file is one that somebody has opened and not written yet, such as a shell that waits for a command.
    const patience = emptied && !broken ? patienceWithEmpty : 1;
    if (suspicious && !found.sealed && this.#doubts(file, digest, update, patience)) return 'doubted';
    this.#trust(file);
    return update;
  }

  /** Whether the version is too young to be believed; the very first look believes everything. */
  #doubts(file: File, digest: string, update: FileUpdate, patience = 1): boolean {
    const now = performance.now();
    if (this.#first) return false;
    const until = now + this.#options.settle * patience;
    if (file.doubt?.digest !== digest) file.doubt = { digest, update, until };
    this.#doubtful.add(file);
    return now < file.doubt.until;
  }

  #trust(file: File): void {
    file.doubt = null;
    this.#doubtful.delete(file);
  }
}

/** How many times longer an empty file is doubted than others. */
const patienceWithEmpty = 50;

function newFile(found: FoundFile, limits: SourceLimits): File {
  const file: File = {
    found,
    text: () => readTextNow(file.found.path, limits),
    fingerprint: null,
    digest: '',
    racy: false,
    doubt: null,
  };
  return file;
}

function mustRead(file: File, request: LookRequest): boolean {
  const { found, fingerprint, racy, doubt } = file;
  if (request.kind === 'all' && request.read === 'every') return true;
  return request.paths.has(found.path) || racy || doubt !== null || fingerprint?.state !== found.fingerprint.state;
}

/** All objects that the files without errors among these define: one that moves from file to file is not lost. */
function definedBy(readings: readonly Reading[]): ReadonlySet<ObjectId> {
  const ids = new Set<ObjectId>();
  for (const { version } of readings) {
    const parsed = version.kind === 'version' ? version.content.parsed : 'held';
    if (parsed !== 'held' && parsed.findings.length === 0) for (const id of parsed.objects.keys()) ids.add(id);
  }
  return ids;
}

function isGone({ version }: Reading): boolean {
  return version.kind === 'gone';
}

/** The files in portions that can be read at once. */
function portions(files: readonly File[]): readonly (readonly File[])[] {
  const all: File[][] = [];
  let bytes = 0;
  for (const file of files) {
    const portion = all.at(-1);
    bytes += file.found.fingerprint.size;
    if (portion !== undefined && portion.length < readAtOnce.files && bytes <= readAtOnce.bytes) portion.push(file);
    else {
      all.push([file]);
      bytes = file.found.fingerprint.size;
    }
  }
  return all;
}
