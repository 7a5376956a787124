// All that the sources have reported, and what of it is in force.
import type { Diagnostic } from '../model/diagnostic.ts';
import { type ObjectId, type ObjectSet, objectName, type SourceObject } from '../model/object.ts';
import type { Change, SourceReport } from './source.ts';
import { WipeGuard, type WipeGuardOptions } from './wipe-guard.ts';

interface SourceState {
  readonly objects: Map<ObjectId, SourceObject>;
  diagnostics: readonly Diagnostic[];
}

/** What was reported and not yet published: since when, and objects of which kinds. */
export interface Changes {
  readonly since: number;
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
  #since: number | undefined;
  #kinds = new Set<string>();

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
      if (change.kind === 'applied') state.objects.set(change.object.id, change.object);
      else state.objects.delete(change.id);
      this.#kinds.add(kindOf(change));
    }
    state.diagnostics = diagnostics;
    this.#since ??= performance.now();
  }

  /** What is in force now. */
  accept(): Accepted {
    const [last, ...before] = [...this.#states].reverse();
    const all = new Map(last?.objects);
    for (const { objects } of before) for (const [id, object] of objects) all.set(id, object);
    const objects = this.#guard.accept(all);
    return {
      objects,
      held: this.#guard.held,
      diagnostics: [...this.#states.flatMap(({ diagnostics }) => diagnostics), ...this.#guard.diagnostics],
      changes: this.#since === undefined ? undefined : { since: this.#since, kinds: this.#kinds },
    };
  }

  /** What was reported so far is published: from here on changes are counted anew. */
  published(): void {
    this.#since = undefined;
    this.#kinds = new Set();
  }

  close(): void {
    this.#guard.close();
  }
}

const kindOf = (change: Change): string => objectName(change.kind === 'applied' ? change.object.id : change.id).kind;
