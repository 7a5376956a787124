// What a client lacks: the difference between what it holds and what it should have, as far as it wants it and has not
// refused it. Computed once for all streams that are in the same state.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { memo } from '../lib/memo.ts';
import { byText } from '../lib/sorted.ts';
import { type NameSet, nameSet } from './name-set.ts';
import { chosen, difference } from './tables.ts';

/** What a client has subscribed to. */
export interface Wanted {
  readonly names: NameSet;
  readonly wildcard: boolean;
}

/** Equal subscriptions are one object. */
export const wantedOf = memo((names: NameSet, wildcard: boolean): Wanted => ({ names, wildcard }));

/**
 * Of a name: the version that the client holds; `unsure`: it may hold some version, or needs the resource again in any
 * case; null: it holds nothing, and waits to be told.
 */
export type HeldVersion = string | null;
export const unsure = '';
export type Exceptions = ReadonlyMap<string, HeldVersion>;
export const noExceptions: Exceptions = new Map();

/** The exceptions with `names` set to `version`; shared by all streams that do the same. */
export const excepting = memo((exceptions: Exceptions, names: NameSet, version: HeldVersion): Exceptions => {
  return names.size === 0
    ? exceptions
    : new Map([...exceptions, ...[...names].map((name) => [name, version] as const)]);
});

/** What the client holds: of the names that it wants, what `table` says, apart from the exceptions. */
export interface Held {
  readonly table: ResourceTable;
  readonly except: Exceptions;
}

/** What was sent last of a name on this stream. What the client holds from before is known by its version alone. */
export function lastSent(table: ResourceTable, except: Exceptions, name: string): XdsResource | null {
  const resource = table.get(name);
  const version = except.get(name);
  if (resource === undefined || version === null) return null;
  return version === undefined || version === unsure || version === resource.version ? resource : null;
}

/** What was refused of a name, and is not sent again before it changes. */
export interface Refusal {
  /** Null: its removal. */
  readonly version: string | null;
  /** Stands for all that was refused together, where nobody knows which of it is at fault; null: this one is. */
  readonly response: object | null;
}
export type Refusals = ReadonlyMap<string, Refusal>;
export const noRefusals: Refusals = new Map();

export interface Due {
  /** To be sent, by name. */
  readonly changed: readonly XdsResource[];
  /** Names that the client waits for and that are not there. */
  readonly absent: readonly string[];
  /** Names that the client holds and that are no longer there. */
  readonly removed: readonly string[];
  /** Those of `removed` that were not refused: one that was may be why the rest of its response was not taken. */
  readonly kept: readonly string[];
  /** `absent` and `removed`. */
  readonly gone: readonly string[];
  /** The exceptions that are left once all of this is sent, */
  readonly after: Exceptions;
  /** or all but `removed`. */
  readonly afterKeeping: Exceptions;
  /** Names that are not told anything for now, because they were refused or wait. */
  readonly resting: NameSet;
  /** The refusals that still hold. */
  readonly refused: Refusals;
}

export const noTexts: readonly string[] = [];

/** Whether the client wants the name. */
export function wants(wanted: Wanted, name: string): boolean {
  return wanted.wildcard || wanted.names.has(name);
}

/** The version of a name that the client holds; undefined: nothing, and it knows that. */
export function heldVersion(table: ResourceTable, except: Exceptions, name: string): HeldVersion | undefined {
  const exception = except.get(name);
  return exception === undefined ? table.get(name)?.version : exception;
}

/**
 * Drops refusals that are out of date. Where nobody knows which of a response is at fault, the others are worth another
 * try as soon as one has changed.
 */
function standing(refused: Refusals, target: ResourceTable): Refusals {
  const lapsed = new Set<object>();
  for (const [name, refusal] of refused) {
    if ((target.get(name)?.version ?? null) !== refusal.version) lapsed.add(refusal.response ?? refusal);
  }
  if (lapsed.size === 0) return refused;
  const kept = [...refused].filter(([, refusal]) => !lapsed.has(refusal.response ?? refusal));
  return kept.length === 0 ? noRefusals : new Map(kept);
}

type Verdict = 'changed' | 'absent' | 'removed' | 'resting' | 'held';

interface Situation extends Held {
  readonly target: ResourceTable;
  readonly refused: Refusals;
  readonly waiting: NameSet;
  /** Whether the protocol has a way to say of this kind that a resource is not there. */
  readonly tellsAbsence: boolean;
}

function judge(name: string, { table, except, target, refused, waiting, tellsAbsence }: Situation): Verdict {
  if (refused.has(name) || waiting.has(name)) return 'resting';
  const held = heldVersion(table, except, name);
  const resource = target.get(name);
  if (resource !== undefined) return resource.version === held ? 'held' : 'changed';
  if (held === undefined || !tellsAbsence) return 'held';
  return held === null ? 'absent' : 'removed';
}

/** The exceptions that those names have, or will have once the target counts as held. */
function exceptionsOf(names: readonly string[], { table, target, waiting, except }: Situation): Exceptions {
  const kept = names.flatMap((name): [string, HeldVersion][] => {
    const stays = waiting.has(name) && !target.has(name) ? table.get(name)?.version : undefined;
    const exception = except.get(name);
    const after = exception === undefined ? stays : exception;
    return after === undefined ? [] : [[name, after]];
  });
  return kept.length === 0 ? noExceptions : new Map(kept);
}

/** What is due to a client; one object for all that are in the same state. */
export const computeDue = memo(
  (
    table: ResourceTable,
    target: ResourceTable,
    wanted: Wanted,
    except: Exceptions,
    refusals: Refusals,
    waiting: NameSet,
    tellsAbsence: boolean,
  ): Due => {
    const refused = standing(refusals, target);
    const situation = { table, except, target, refused, waiting, tellsAbsence };
    const names: { [V in Verdict]: string[] } = { changed: [], absent: [], removed: [], resting: [], held: [] };
    const { differing, gone } = difference(table, target);
    for (const name of new Set([...differing.map((resource) => resource.name), ...gone, ...except.keys()])) {
      if (wants(wanted, name)) names[judge(name, situation)].push(name);
    }
    return {
      changed: chosen(target, nameSet(names.changed)),
      absent: sortedTexts(names.absent),
      removed: sortedTexts(names.removed),
      kept: sortedTexts(names.removed.filter((name) => !refusals.has(name))),
      gone: sortedTexts([...names.absent, ...names.removed]),
      after: exceptionsOf(names.resting, situation),
      afterKeeping: exceptionsOf([...names.resting, ...names.removed], situation),
      resting: nameSet(names.resting),
      refused,
    };
  },
);

function sortedTexts(texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? noTexts : [...texts].sort(byText);
}
