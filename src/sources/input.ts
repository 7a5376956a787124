// All that the sources have reported, and what of it is in force.
import { withValues } from '../lib/layered-map.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { type ObjectId, type ObjectSet, objectName, type SourceObject } from '../model/object.ts';
import type { Change, SourceReport } from './source.ts';
import { WipeGuard, type WipeGuardOptions } from './wipe-guard.ts';

interface SourceState {
  readonly objects: Map<ObjectId, SourceObject>;
  diagnostics: readonly Diagnostic[];
}

/** What was reported and not yet published: since when, how many objects, and of which kinds. */
export interface Changes {
  readonly since: number;
  readonly count: number;
  readonly kinds: ReadonlySet<string>;
}

export interface Accepted {
  readonly objects: ObjectSet;
  /** How many of them the sources no longer have. */
  readonly held: number;
  readonly diagnostics: readonly Diagnostic[];
  /** Undefined if nothing was reported. */
  readonly changes: Changes | undefined;
}

/** Puts the objects of several sources together; where two have the same object the earlier source wins. */
export class Input {
  readonly #states: readonly SourceState[];
  readonly #guard: WipeGuard;
  /** All objects as they were last put together, and what was reported of since. */
  #all: ObjectSet = new Map();
  readonly #touched = new Set<ObjectId>();
  /** What was reported since. */
  #changes: Changes | undefined;
  /** What was accepted, and not published yet. */
  #accepted: Changes | undefined;

  /** `onDue` is called when what is held may have become true without another report. */
  constructor(sources: number, wipeGuard: WipeGuardOptions | null, onDue: () => void) {
    this.#states = Array.from({ length: sources }, () => ({ objects: new Map(), diagnostics: [] }));
    this.#guard = new WipeGuard(wipeGuard, onDue);
  }

  /** Takes the report of a source in, by the source's index. */
  take(source: number, { changes, diagnostics }: SourceReport): void {
    const state = this.#states[source];
    if (state === undefined) return;
    for (const change of changes) {
      this.#touched.add(idOf(change));
      if (change.kind === 'applied') state.objects.set(change.object.id, change.object);
      else state.objects.delete(change.id);
    }
    state.diagnostics = diagnostics;
    const reported = { since: performance.now(), count: changes.length, kinds: new Set(changes.map(kindOf)) };
    this.#changes = together(this.#changes, reported);
  }

  /** What is in force now. */
  accept(): Accepted {
    this.#all = this.#together();
    this.#touched.clear();
    const objects = this.#guard.accept(this.#all);
    this.#accepted = together(this.#accepted, this.#changes);
    this.#changes = undefined;
    return {
      objects,
      held: this.#guard.held,
      diagnostics: [...this.#states.flatMap(({ diagnostics }) => diagnostics), ...this.#guard.diagnostics],
      changes: this.#accepted,
    };
  }

  /** Where objects have come or gone all are put together anew. */
  #together(): ObjectSet {
    const values = new Map<ObjectId, SourceObject>();
    for (const id of this.#touched) {
      const object = this.#states.find(({ objects }) => objects.has(id))?.objects.get(id);
      if (object === undefined || !this.#all.has(id)) return this.#anew();
      values.set(id, object);
    }
    return withValues(this.#all, values);
  }

  #anew(): ObjectSet {
    const [last, ...before] = [...this.#states].reverse();
    const all = new Map(last?.objects);
    for (const { objects } of before) for (const [id, object] of objects) all.set(id, object);
    return all;
  }

  /** What was accepted last is published: only what came since counts as changed. */
  published(): void {
    this.#accepted = undefined;
  }

  close(): void {
    this.#guard.close();
  }
}

function together(earlier: Changes | undefined, later: Changes | undefined): Changes | undefined {
  if (earlier === undefined || later === undefined) return earlier ?? later;
  const kinds = new Set([...earlier.kinds, ...later.kinds]);
  return { since: earlier.since, count: earlier.count + later.count, kinds };
}

const idOf = (change: Change): ObjectId => (change.kind === 'applied' ? change.object.id : change.id);

const kindOf = (change: Change): string => objectName(idOf(change)).kind;
