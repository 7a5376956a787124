// Finds the files below the given paths, and the folders to watch for their changes.
import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { byText, sortedBy } from '../lib/sorted.ts';
import type { SourceLimits } from './limits.ts';
import { type Fingerprint, fingerprintOf, isGone, reasonOf } from './read-file.ts';

export interface FoundFile {
  /** As it is shown: the given path, and the way from there. */
  readonly name: string;
  readonly path: string;
  readonly fingerprint: Fingerprint;
  /** In the data folder of a mounted ConfigMap or Secret: Kubernetes replaces it, but never writes to it. */
  readonly sealed: boolean;
}

/** A folder to watch. `only` names the entries that matter; null if all do. */
export interface FoundFolder {
  /** Differs when another folder has taken the path. */
  readonly identity: string;
  readonly only: ReadonlySet<string> | null;
}

/** Why a given path, or something below it, could not be looked at. What was read from there before is kept. */
export interface ScanTrouble {
  readonly code: 'SLC0002' | 'SLC0006';
  readonly name: string;
  readonly message: string;
}

export interface Scan {
  /** Sorted by name; a file that can be reached in two ways is in it once. */
  readonly files: readonly FoundFile[];
  readonly folders: ReadonlyMap<string, FoundFolder>;
  readonly troubles: readonly ScanTrouble[];
  /** How many of the given paths exist. */
  readonly existing: number;
  /** Whether a ConfigMap's data folder was replaced under our feet: scan again. */
  readonly torn: boolean;
}

/** The symbolic link that Kubernetes swaps when a mounted ConfigMap changes. */
export const dataLink = '..data';
/** How many questions the operating system is asked at once. */
const atOnce = 64;

/** Whether a file of this name in a folder is read. Hidden files and what editors leave behind are not. */
export function isReadable(name: string): boolean {
  return /^[^.#].*\.(?:yaml|yml|json)$/.test(name);
}

/**
 * Walks the given files and folders. Symbolic links are followed; each folder is walked once, so circles end. A folder
 * that a ConfigMap is mounted at is read through its data folder, so that one scan never sees two of its versions.
 */
export async function scan(paths: readonly string[], limits: SourceLimits): Promise<Scan> {
  const walk = new Walk(limits);
  for (const path of paths) await walk.given(path);
  return walk.result();
}

interface Folder {
  readonly name: string;
  readonly path: string;
  readonly depth: number;
  readonly sealed: boolean;
}

interface Entry {
  readonly dirent: Dirent;
  readonly stats: BigIntStats | null;
}

class Walk {
  readonly #limits: SourceLimits;
  readonly #files: FoundFile[] = [];
  readonly #folders = new Map<string, { identity: string; only: Set<string> | null }>();
  readonly #troubles: ScanTrouble[] = [];
  readonly #walked = new Set<string>();
  #existing = 0;
  #torn = false;
  #full = false;

  constructor(limits: SourceLimits) {
    this.#limits = limits;
  }

  result(): Scan {
    const names = new Set<string>();
    const inodes = new Set<string>();
    const files = sortedBy(this.#files, ({ name }) => name).filter(({ name, fingerprint: { inode } }) => {
      const seen = names.has(name) || inodes.has(inode);
      names.add(name);
      inodes.add(inode);
      return !seen;
    });
    return { files, folders: this.#folders, troubles: this.#troubles, existing: this.#existing, torn: this.#torn };
  }

  async given(given: string): Promise<void> {
    const path = join(given);
    const name = given.replace(/(?<=.)\/+$/, '');
    await this.#watchEntry(dirname(path), [basename(path), dataLink]);
    this.#full = false;
    try {
      const stats = await stat(path, { bigint: true });
      this.#existing += 1;
      if (stats.isDirectory()) await this.#folder({ name, path, depth: 0, sealed: false }, stats);
      else await this.#file({ name, path, fingerprint: fingerprintOf(stats), sealed: false }, stats);
    } catch (error) {
      if (!isGone(error)) this.#existing += 1;
      this.#trouble(name, reasonOf(error));
    }
    if (this.#full) this.#trouble(name, `not all of it is read: more than ${this.#limits.files} files`, 'SLC0002');
  }

  async #folder(folder: Folder, stats: BigIntStats): Promise<void> {
    const { name, path, depth } = folder;
    const identity = fingerprintOf(stats).inode;
    if (this.#walked.has(identity)) return;
    this.#walked.add(identity);
    this.#folders.set(path, { identity, only: null });
    if (depth >= this.#limits.folderDepth)
      return this.#trouble(name, 'it is too deep below the given folder', 'SLC0002');
    const entries = await this.#entries(folder);
    const data = entries.find(({ dirent }) => dirent.name === dataLink);
    if (data?.stats === null) return this.#trouble(name, `its ${dataLink} leads nowhere`);
    if (data?.stats.isDirectory()) await this.#sealedFolder(folder);
    for (const entry of entries) await this.#entry(folder, entry);
  }

  async #sealedFolder({ name, path, depth }: Folder): Promise<void> {
    try {
      const target = await realpath(join(path, dataLink));
      await this.#folder({ name, path: target, depth, sealed: true }, await stat(target, { bigint: true }));
    } catch {
      this.#torn = true;
    }
  }

  /** The entries that may be of interest, sorted by name. */
  async #entries({ name, path, sealed }: Folder): Promise<readonly Entry[]> {
    let all: readonly Dirent[];
    try {
      all = await readdir(path, { withFileTypes: true });
    } catch (error) {
      if (!isGone(error)) this.#trouble(name, reasonOf(error));
      else if (sealed) this.#torn = true;
      return [];
    }
    const candidates = all
      .filter((entry) => entry.name === dataLink || (!entry.name.startsWith('.') && mayMatter(entry)))
      .sort((a, b) => byText(a.name, b.name));
    const entries: Entry[] = [];
    for (let at = 0; at < candidates.length; at += atOnce) {
      const part = candidates.slice(at, at + atOnce);
      entries.push(...(await Promise.all(part.map((dirent) => this.#stat(dirent, name, path)))));
    }
    return entries;
  }

  async #stat(dirent: Dirent, folderName: string, folderPath: string): Promise<Entry> {
    try {
      return { dirent, stats: await stat(join(folderPath, dirent.name), { bigint: true }) };
    } catch (error) {
      const expected = isReadable(dirent.name) && (dirent.isSymbolicLink() || !isGone(error));
      if (expected && !(await leadsToData(dirent, folderPath)))
        this.#trouble(joined(folderName, dirent.name), reasonOf(error));
      return { dirent, stats: null };
    }
  }

  async #entry(folder: Folder, { dirent, stats }: Entry): Promise<void> {
    if (stats === null || dirent.name === dataLink || (await leadsToData(dirent, folder.path))) return;
    const name = joined(folder.name, dirent.name);
    const path = folder.path === folder.name ? name : join(folder.path, dirent.name);
    if (stats.isDirectory()) await this.#folder({ ...folder, name, path, depth: folder.depth + 1 }, stats);
    else if (isReadable(dirent.name)) {
      await this.#file({ name, path, fingerprint: fingerprintOf(stats), sealed: folder.sealed }, stats, dirent);
    }
  }

  async #file(file: FoundFile, stats: BigIntStats, dirent?: Dirent): Promise<void> {
    if (!stats.isFile()) return this.#trouble(file.name, 'it is not a regular file');
    if (this.#files.length >= this.#limits.files) {
      this.#full = true;
      return;
    }
    this.#files.push(file);
    if (dirent?.isSymbolicLink() === false) return;
    const real = await realpath(file.path).catch(() => file.path);
    if (real !== file.path) await this.#watchEntry(dirname(real), [basename(real)]);
  }

  async #watchEntry(path: string, names: readonly string[]): Promise<void> {
    const held = this.#folders.get(path);
    if (held !== undefined) {
      for (const name of names) held.only?.add(name);
      return;
    }
    const stats = await stat(path, { bigint: true }).catch(() => null);
    if (stats !== null) this.#folders.set(path, { identity: fingerprintOf(stats).inode, only: new Set(names) });
  }

  #trouble(name: string, message: string, code: ScanTrouble['code'] = 'SLC0006'): void {
    this.#troubles.push({ code, name, message });
  }
}

function mayMatter(entry: Dirent): boolean {
  return entry.isDirectory() || entry.isSymbolicLink() || isReadable(entry.name);
}

/** Whether a name, as it is shown, is the folder's or that of something below it. */
export function isWithin(name: string, folder: string): boolean {
  return name === folder || name.startsWith(joined(folder, ''));
}

function joined(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : [folder, name].join('/');
}

/** Whether an entry is one of the links into a ConfigMap's data folder, which is walked itself. */
async function leadsToData(dirent: Dirent, folder: string): Promise<boolean> {
  if (!dirent.isSymbolicLink()) return false;
  const target = await readlink(join(folder, dirent.name)).catch(() => '');
  return target.startsWith(`${dataLink}/`);
}
