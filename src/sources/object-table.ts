// All objects of the files of a source: which definition of an object is in force, and what changes when files do.
import { deepEqual } from 'fast-equals';
import { sortedBy } from '../lib/sorted.ts';
import { type Diagnostic, diagnoseFile } from '../model/diagnostic.ts';
import { diagnosticCodes } from '../model/diagnostic-codes.ts';
import { describeObject, type Location, type ObjectId, type Path, type SourceObject } from '../model/object.ts';
import type { SourceLimits } from './limits.ts';
import type { Change } from './source.ts';
import { TextLookup } from './text-lookup.ts';
import { brokenFile, emptyFile, type Known, type ParsedFile, type PlacedObject } from './yaml.ts';

/** A file as it is now. `text` reads it again when a line is asked for. */
export interface FileVersion {
  readonly kind: 'file';
  readonly name: string;
  readonly parsed: ParsedFile;
  readonly text: () => string | null;
}

export interface FileGone {
  readonly kind: 'gone';
  readonly name: string;
}

export type FileUpdate = FileVersion | FileGone;

class Entry {
  readonly name: string;
  /** What is in force: the last version without findings, or, if there never was one, the good documents of the first. */
  accepted = emptyFile;
  /** What is in the file now. */
  latest = emptyFile;
  text: () => string | null;
  /** The claim on an object that only this file defines; one list for all of them. */
  readonly alone: readonly Entry[] = [this];

  constructor(name: string, text: () => string | null) {
    this.name = name;
    this.text = text;
  }
}

/**
 * Keeps the last good form of each file: a version with findings replaces it only if there is none. Where several files
 * define an object, the one whose name sorts first wins; when it lets go, the next one takes over.
 */
export class ObjectTable {
  readonly #limits: SourceLimits;
  readonly #lookup: TextLookup;
  readonly #entries = new Map<string, Entry>();
  /** Per object the files that define it, sorted by name. */
  readonly #claims = new Map<ObjectId, readonly Entry[]>();
  readonly #contested = new Set<ObjectId>();
  readonly #objects = new Map<ObjectId, SourceObject>();
  #size = 0;

  constructor(limits: SourceLimits) {
    this.#limits = limits;
    this.#lookup = new TextLookup(limits);
  }

  /** What is in force now; a copy. */
  objects(): Map<ObjectId, SourceObject> {
    return new Map(this.#objects);
  }

  /** What is known of a file's earlier versions. */
  known(name: string): Known {
    const entry = this.#entries.get(name);
    return {
      document: (digest) => entry?.latest.documents.get(digest) ?? entry?.accepted.documents.get(digest),
      json: (id) => this.#objects.get(id)?.json,
    };
  }

  /** What of a file is in force. */
  accepted(name: string): ParsedFile {
    return this.#entries.get(name)?.accepted ?? emptyFile;
  }

  /** Whether the update would take objects away that neither another file nor one of those in `elsewhere` defines. */
  removes(update: FileUpdate, elsewhere: ReadonlySet<ObjectId>): boolean {
    const held = this.accepted(update.name);
    const next = update.kind === 'file' ? update.parsed : emptyFile;
    const isLost = (id: ObjectId) => !next.objects.has(id) && !elsewhere.has(id) && this.#claims.get(id)?.length === 1;
    return next.findings.length === 0 && held.objects.keys().some(isLost);
  }

  /** Takes new versions of files in; what changes by all of them together, sorted by object. */
  apply(updates: readonly FileUpdate[]): readonly Change[] {
    const touched = new Set<ObjectId>();
    for (const update of updates) {
      for (const id of update.kind === 'gone' ? this.#drop(update.name) : this.#take(update)) touched.add(id);
    }
    return sortedBy(touched, (id) => id).flatMap((id) => this.#settle(id) ?? []);
  }

  /** All that is to be said about the files now. */
  diagnostics(): readonly Diagnostic[] {
    const found: Diagnostic[] = [];
    for (const { name, latest, accepted } of this.#entries.values()) {
      for (const { code, line, column, message } of latest.findings) {
        found.push(diagnoseFile(code, { file: name, line, column }, message));
      }
      for (const repeated of accepted.repeated) found.push(this.#duplicate(name, repeated));
    }
    for (const id of this.#contested) {
      for (const { name, accepted } of this.#claims.get(id)?.slice(1) ?? []) {
        const placed = accepted.objects.get(id);
        if (placed !== undefined) found.push(this.#duplicate(name, placed));
      }
    }
    return found;
  }

  #take({ name, parsed, text }: FileVersion): Iterable<ObjectId> {
    const entry = this.#entries.get(name);
    const held = entry?.accepted ?? emptyFile;
    const size = this.#size - held.objects.size + parsed.objects.size;
    const latest = size > this.#limits.objects ? this.#overflow(parsed) : parsed;
    if (entry !== undefined && latest.findings.length > 0) {
      entry.latest = latest;
      entry.text = text;
      return [];
    }
    const taken = entry ?? new Entry(name, text);
    this.#entries.set(name, taken);
    taken.accepted = latest;
    taken.latest = latest;
    taken.text = text;
    return this.#claim(taken, held, latest);
  }

  #overflow({ documents }: ParsedFile): ParsedFile {
    const message = `with this file there would be more than ${this.#limits.objects} objects`;
    return { ...brokenFile({ code: 'SLC0002', line: 1, column: 1, message }), documents };
  }

  #drop(name: string): Iterable<ObjectId> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return [];
    this.#entries.delete(name);
    return this.#claim(entry, entry.accepted, emptyFile);
  }

  /** Moves a file's claims from one version to the next; the objects that may differ. */
  #claim(entry: Entry, { objects: old }: ParsedFile, { objects: next }: ParsedFile): Iterable<ObjectId> {
    const touched: ObjectId[] = [];
    for (const id of old.keys()) {
      if (next.has(id)) continue;
      this.#setClaims(id, this.#claims.get(id)?.filter((other) => other !== entry) ?? []);
      touched.push(id);
    }
    for (const [id, { json }] of next) {
      if (old.get(id)?.json === json) continue;
      const others = this.#claims.get(id);
      if (others === undefined) this.#claims.set(id, entry.alone);
      else if (!others.includes(entry))
        this.#setClaims(
          id,
          sortedBy([...others, entry], ({ name }) => name),
        );
      touched.push(id);
    }
    this.#size += next.size - old.size;
    return touched;
  }

  #setClaims(id: ObjectId, claims: readonly Entry[]): void {
    if (claims.length === 0) this.#claims.delete(id);
    else this.#claims.set(id, claims);
    if (claims.length > 1) this.#contested.add(id);
    else this.#contested.delete(id);
  }

  #settle(id: ObjectId): Change | null {
    const held = this.#objects.get(id);
    const json = this.#claims.get(id)?.[0]?.accepted.objects.get(id)?.json;
    if (json === undefined) return this.#objects.delete(id) ? { kind: 'deleted', id } : null;
    if (held !== undefined && (held.json === json || deepEqual(held.json, json))) return null;
    const object: SourceObject = Object.freeze({ id, json, locate: (path: Path) => this.#locate(id, path) });
    this.#objects.set(id, object);
    return { kind: 'applied', object };
  }

  #locate(id: ObjectId, path: Path): Location | null {
    const entry = this.#claims.get(id)?.[0];
    const placed = entry?.accepted.objects.get(id);
    if (entry === undefined || placed === undefined) return null;
    const place = this.#lookup.find({ text: entry.text, digest: placed.digest, path: placed.path }, path) ?? placed;
    return { file: entry.name, line: place.line, column: place.column };
  }

  #duplicate(file: string, { id, line, column }: PlacedObject): Diagnostic {
    const winner = this.#claims.get(id)?.[0];
    const first = winner?.accepted.objects.get(id);
    const message = `${describeObject(id)} is defined before, at ${winner?.name}:${first?.line}, and that one is used`;
    const { severity } = diagnosticCodes.SLC0003;
    return { code: 'SLC0003', severity, message, object: id, path: [], location: { file, line, column } };
  }
}
