// A source that tests write to: what is applied is reported before `apply` returns.
import { deepEqual } from 'fast-equals';
import { deepFreeze, type JsonObject } from '../lib/json.ts';
import { sortedBy } from '../lib/sorted.ts';
import { type Diagnostic, diagnoseFile } from '../model/diagnostic.ts';
import type { Location, ObjectId, Path, SourceObject } from '../model/object.ts';
import { sortDiagnostics } from './diagnostic-order.ts';
import { readObjects } from './kubernetes-object.ts';
import { defaultLimits } from './limits.ts';
import type { Change, Source, SourceReport } from './source.ts';
import { TextLookup, type TextPlace } from './text-lookup.ts';
import { parseText } from './yaml.ts';

/** The file that locations and diagnostics name. */
export const memoryFile = 'memory.yaml';

interface Definition {
  readonly json: JsonObject;
  /** Null for an object that was given as such. */
  readonly place: TextPlace | null;
}

/**
 * Objects in memory, upserted as `kubectl apply` does: what is not mentioned stays. Every call that changes something is
 * one report, sorted by object. Documents with errors are left out; their diagnostics stay until the next `apply`.
 */
export class MemorySource implements Source {
  readonly #lookup = new TextLookup(defaultLimits);
  readonly #objects = new Map<ObjectId, SourceObject>();
  readonly #places = new Map<ObjectId, TextPlace | null>();
  #diagnostics: readonly Diagnostic[] = [];
  #onReport: ((report: SourceReport) => void) | null = null;

  async start(onReport: (report: SourceReport) => void): Promise<void> {
    this.#onReport = onReport;
    const changes = sortedBy(this.#objects.values(), ({ id }) => id).map(
      (object): Change => ({ kind: 'applied', object }),
    );
    onReport({ changes, diagnostics: this.#diagnostics });
  }

  async close(): Promise<void> {
    this.#onReport = null;
  }

  /** Takes in the documents of a YAML text, or objects. Where one is defined twice, the last counts. */
  apply(input: string | readonly JsonObject[]): void {
    const held = this.#diagnostics;
    const definitions = typeof input === 'string' ? this.#definedIn(input) : this.#definedBy(input);
    const changes = sortedBy(definitions, ([id]) => id).flatMap(([id, definition]) => this.#put(id, definition) ?? []);
    this.#report(changes, held);
  }

  /** Takes an object out; nothing happens if it is not there. */
  delete(id: ObjectId): void {
    this.#places.delete(id);
    const changes: readonly Change[] = this.#objects.delete(id) ? [{ kind: 'deleted', id }] : [];
    this.#report(changes, this.#diagnostics);
  }

  #definedIn(input: string): ReadonlyMap<ObjectId, Definition> {
    const known = { document: () => undefined, json: (id: ObjectId) => this.#objects.get(id)?.json };
    const { objects, repeated, findings } = parseText(input, known, defaultLimits);
    this.#diagnostics = sortDiagnostics(
      findings.map(({ code, line, column, message }) =>
        diagnoseFile(code, { file: memoryFile, line, column }, message),
      ),
    );
    const text = () => input;
    return new Map(
      [...objects.values(), ...repeated].map(({ id, json, digest, path }) => [
        id,
        { json, place: { text, digest, path } },
      ]),
    );
  }

  #definedBy(input: readonly JsonObject[]): ReadonlyMap<ObjectId, Definition> {
    const definitions = new Map<ObjectId, Definition>();
    const diagnostics: Diagnostic[] = [];
    for (const found of input.flatMap((json) => readObjects(deepFreeze(structuredClone(json))))) {
      if (found.kind === 'object') definitions.set(found.id, { json: found.json, place: null });
      else diagnostics.push(diagnoseFile('SLC0004', { file: memoryFile, line: 1, column: 1 }, found.message));
    }
    this.#diagnostics = diagnostics;
    return definitions;
  }

  #put(id: ObjectId, { json, place }: Definition): Change | null {
    this.#places.set(id, place);
    const held = this.#objects.get(id);
    if (held !== undefined && (held.json === json || deepEqual(held.json, json))) return null;
    const object: SourceObject = Object.freeze({ id, json, locate: (path: Path) => this.#locate(id, path) });
    this.#objects.set(id, object);
    return { kind: 'applied', object };
  }

  #locate(id: ObjectId, path: Path): Location | null {
    const place = this.#places.get(id) ?? null;
    const found = place && this.#lookup.find(place, path);
    return found && { file: memoryFile, ...found };
  }

  #report(changes: readonly Change[], held: readonly Diagnostic[]): void {
    if (changes.length === 0 && deepEqual(held, this.#diagnostics)) return;
    this.#onReport?.({ changes, diagnostics: this.#diagnostics });
  }
}
