// most objects of a kind gone at once, or the last Service, are more often a wrong folder, a lost mount or a lost
// permission than a wish. What is gone then stays in force until a second look confirms it; everything else of the same
// update applies.
import { isRead } from '../crds/index.ts';
import { touchedKeys } from '../lib/layered-map.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { diagnosticCodes } from '../model/diagnostic-codes.ts';
import { type ObjectId, type ObjectSet, objectName, type SourceObject } from '../model/object.ts';

export interface WipeGuardOptions {
  /** A loss is a wipe if the last Service is in it, or more than this part of the objects of a kind, */
  readonly share: number;
  /** and more than so many. */
  readonly count: number;
  /** Losses that follow each other within this time count as one, in milliseconds; what went first comes back. */
  readonly window: number;
  /**
   * How long the same objects must stay gone to be believed gone, in milliseconds. Folders are read as a whole every 30 s,
   * so within a minute at least one whole reading has said the same as the first.
   */
  readonly confirmAfter: number;
}

export const defaultWipeGuard: WipeGuardOptions = { share: 0.5, count: 10, window: 5_000, confirmAfter: 60_000 };

/** Objects that were let go. */
interface Loss {
  readonly at: number;
  readonly objects: readonly SourceObject[];
}

export interface WipeGuardState {
  /** What is in force; null before the first update, which nothing is compared with. */
  readonly accepted: ObjectSet | null;
  /** Of that, what the sources no longer have. */
  readonly held: ObjectSet;
  /** Since when exactly these are held. */
  readonly since: number;
  /** What was let go within the window: part of a wipe, if the rest follows. */
  readonly losses: readonly Loss[];
}

const none: ObjectSet = new Map();

export const newWipeGuard: WipeGuardState = { accepted: null, held: none, since: 0, losses: [] };

/** Takes in what the sources have now. Pure: the time comes with the call. */
export function guard(state: WipeGuardState, next: ObjectSet, now: number, options: WipeGuardOptions): WipeGuardState {
  const missing = missingIn(next, state.accepted ?? none);
  if (missing.length === 0) return { ...state, accepted: next, held: none };
  const losses = state.losses.filter(({ at }) => now - at < options.window);
  const recent = losses.flatMap(({ objects }) => objects).filter(({ id }) => !next.has(id));
  const wiped = wipedKinds(state.accepted ?? none, missing, recent, options);
  const begins = state.held.size === 0 && wiped.size > 0;
  const held = begins ? setOf([...missing, ...recent]) : stillHeld(state.held, missing, wiped);
  const lost = missing.filter(({ id }) => !held.has(id));
  const same = held.size > 0 && held.size === state.held.size && held.keys().every((id) => state.held.has(id));
  if (same && now - state.since >= options.confirmAfter) return { ...newWipeGuard, accepted: next };
  return {
    accepted: held.size === 0 ? next : new Map([...next, ...held]),
    held,
    since: same ? state.since : now,
    losses: begins ? [] : lost.length === 0 ? losses : [...losses, { at: now, objects: lost }],
  };
}

function missingIn(next: ObjectSet, accepted: ObjectSet): readonly SourceObject[] {
  if (touchedKeys(accepted, next) !== null) return [];
  return [...accepted.values()].filter(({ id }) => !next.has(id) && isRead(id));
}

/**
 * While something is held only more of the same kinds is added to it, so that small losses go on. What comes back may
 * come in portions: the rest is held as before.
 */
function stillHeld(held: ObjectSet, missing: readonly SourceObject[], wiped: ReadonlySet<string>): ObjectSet {
  return setOf(missing.filter(({ id }) => held.has(id) || wiped.has(kindOf(id))));
}

function setOf(objects: readonly SourceObject[]): ObjectSet {
  return new Map(objects.map((object) => [object.id, object] as const));
}

function wipedKinds(
  accepted: ObjectSet,
  missing: readonly SourceObject[],
  recent: readonly SourceObject[],
  { share, count }: WipeGuardOptions,
): ReadonlySet<string> {
  if (isLastService(accepted, missing)) return withLastService;
  const before = countKinds(recent);
  const lost = countKinds([...missing, ...recent]);
  const suspects = [...countKinds(missing).keys()].filter((kind) => (lost.get(kind) ?? 0) > count);
  if (suspects.length === 0) return new Set();
  const totals = countKinds(accepted.values());
  const total = (kind: string): number => (totals.get(kind) ?? 0) + (before.get(kind) ?? 0);
  return new Set(suspects.filter((kind) => (lost.get(kind) ?? 0) > share * total(kind)));
}

/** Without their endpoints Services that are kept would be of no use. */
const withLastService: ReadonlySet<string> = new Set(['Service', 'EndpointSlice']);

/** However few there are: without any Service nothing is left of a mesh. */
function isLastService(accepted: ObjectSet, missing: readonly SourceObject[]): boolean {
  const gone = missing.filter(isService).length;
  return gone > 0 && gone === [...accepted.values()].filter(isService).length;
}

function isService({ id }: SourceObject): boolean {
  return kindOf(id) === 'Service' && isRead(id);
}

function kindOf(id: ObjectId): string {
  return objectName(id).kind;
}

function countKinds(objects: Iterable<SourceObject>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { id } of objects) counts.set(kindOf(id), (counts.get(kindOf(id)) ?? 0) + 1);
  return counts;
}

/** What is to be said while something is held. */
export function wipeDiagnostics({ accepted, held }: WipeGuardState): readonly Diagnostic[] {
  if (held.size === 0) return [];
  const totals = countKinds(accepted?.values() ?? []);
  const kinds = [...countKinds(held.values())].sort(([, a], [, b]) => b - a);
  const parts = kinds.slice(0, 5).map(([kind, number]) => `${number} of ${totals.get(kind)} ${kind}`);
  const message = `gone at once, and kept in force for now: ${parts.join(', ')}${kinds.length > 5 ? ', and more' : ''}`;
  const { severity } = diagnosticCodes.SLC0007;
  return [{ code: 'SLC0007', severity, message, object: null, path: [], location: null }];
}

/** The guard at work: it asks to be called again when a loss may be confirmed. */
export class WipeGuard {
  readonly #options: WipeGuardOptions | null;
  readonly #onDue: () => void;
  #state = newWipeGuard;
  #timer: NodeJS.Timeout | undefined;

  /** Without options everything passes. */
  constructor(options: WipeGuardOptions | null, onDue: () => void) {
    this.#options = options;
    this.#onDue = onDue;
  }

  /** What is in force, now that the sources have `next`. */
  accept(next: ObjectSet): ObjectSet {
    if (this.#options === null) return next;
    const now = performance.now();
    this.#state = guard(this.#state, next, now, this.#options);
    clearTimeout(this.#timer);
    const { held, since, accepted } = this.#state;
    if (held.size > 0) {
      this.#timer = setTimeout(this.#onDue, Math.max(1, Math.ceil(since + this.#options.confirmAfter - now)));
    }
    return accepted ?? next;
  }

  /** How many objects are held. */
  get held(): number {
    return this.#state.held.size;
  }

  get diagnostics(): readonly Diagnostic[] {
    return wipeDiagnostics(this.#state);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
