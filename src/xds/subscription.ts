// One kind of resource on one stream: what the client wants, holds and has refused. A pure reducer; SotW and delta differ
// in how a request is read (subscription-request.ts) and in what a response holds.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import type { ResourceKind } from '../envoy/types.ts';
import { memo } from '../lib/memo.ts';
import {
  computeDue,
  type Due,
  type Exceptions,
  excepting,
  type Held,
  heldVersion,
  noExceptions,
  noRefusals,
  noTexts,
  type Refusals,
  unsure,
  type Wanted,
  wants,
} from './due.ts';
import { common, type NameSet, nameSet, noNames, unite } from './name-set.ts';
import { type GoodForms, noGoodForms, noRefusedHosts, type RefusedHosts, type Search } from './refusal.ts';
import type { Protocol } from './requests.ts';
import { emptyTable, namesIn } from './tables.ts';

/** A response that the client has not answered yet. It names resources, it does not hold their bytes. */
export interface Flight {
  readonly nonce: string;
  /** When it was sent, in milliseconds of the clock that gives the events their time. */
  readonly since: number;
  readonly version: string;
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
  /** All names in it, and in those before it that it has overtaken: any of them may still be on its way. */
  readonly names: NameSet;
  /** Those of the resources that the client did not hold in this form, */
  readonly changed: readonly XdsResource[];
  /** and what it held before. */
  readonly before: Held;
}

export interface Subscription {
  readonly protocol: Protocol;
  readonly kind: ResourceKind;
  /** Null until the first request for this kind. */
  readonly wanted: Wanted | null;
  /** Whether the client ever named something: from then on an empty list means nothing, and no longer everything. */
  readonly named: boolean;
  /** What the client should have; null until it is known. */
  readonly target: ResourceTable | null;
  /** Names of which the client is told nothing for now, neither that they are there nor that they are not. */
  readonly waiting: NameSet;
  /** Clusters alone: the names under which the client has acknowledged one, and was not sent its removal since. */
  readonly confirmed: NameSet;
  /** Whether the client came with resources from an earlier stream, of which it does not say which (SotW). */
  readonly returning: boolean;
  readonly held: Held;
  readonly refused: Refusals;
  /** Route configurations alone: what was refused of them. */
  readonly refusedHosts: RefusedHosts;
  /** The forms of what was refused that the client had before. */
  readonly good: GoodForms;
  /** For what is at fault in a refused response; null: there is none. */
  readonly search: Search | null;
  /** Whether the client waits for an answer even if there is nothing to tell. */
  readonly answerDue: boolean;
  readonly inFlight: Flight | null;
  /** Before when no other full state is to be sent for the sake of changes alone; null: one may be sent at any time. */
  readonly spacedUntil: number | null;
  /** When the client was last told of what has a time to live, at the latest; null: never. */
  readonly toldAt: number | null;
  /** The nonce of the last response. */
  readonly nonce: string | null;
  /** The version of the last response that was acknowledged. */
  readonly acknowledged: string | null;
  /** Why the client refused the last response that it answered, or null. */
  readonly error: string | null;
}

/** The subscription of a stream on which nothing was said yet about `kind`. */
export function newSubscription(protocol: Protocol, kind: ResourceKind): Subscription {
  return {
    protocol,
    kind,
    wanted: null,
    named: false,
    target: null,
    waiting: noNames,
    confirmed: noNames,
    returning: false,
    held: { table: emptyTable, except: noExceptions },
    refused: noRefusals,
    refusedHosts: noRefusedHosts,
    good: noGoodForms,
    search: null,
    answerDue: false,
    inFlight: null,
    spacedUntil: null,
    toldAt: null,
    nonce: null,
    acknowledged: null,
    error: null,
  };
}

/** Whether a response holds all that the client wants: SotW's clusters and listeners, where what is left out is removed. */
export function isFullState({ protocol, kind }: Subscription): boolean {
  return protocol === 'sotw' && (kind === 'cluster' || kind === 'listener');
}

/** Whether a full state may take away what nobody here knows of: the client came with it, and has not yet taken one. */
export function holdsUnknown(subscription: Subscription): boolean {
  return isFullState(subscription) && subscription.returning && subscription.acknowledged === null;
}

/** Whether the client wants the name and may hold something by it. */
export function mayHold({ wanted, held }: Subscription, name: string): boolean {
  const version = heldVersion(held.table, held.except, name);
  return wanted !== null && wants(wanted, name) && version !== undefined && version !== null;
}

/** What the client lacks; null before the first request, and before there is a target. */
export function dueTo(subscription: Subscription): Due | null {
  const { wanted, target, held, refused, waiting, protocol } = subscription;
  if (wanted === null || target === null) return null;
  return computeDue(
    held.table,
    target,
    wanted,
    held.except,
    refused,
    waiting,
    protocol === 'delta' || isFullState(subscription),
  );
}

/** Sets what the client should have, and of what it is told nothing for now. */
export function aim(subscription: Subscription, target: ResourceTable | null, waiting = noNames): Subscription {
  const same = subscription.target === target && subscription.waiting === waiting;
  return same ? subscription : { ...subscription, target, waiting };
}

/** Lets go of the table before where nothing in it is still to be told. */
export function catchUp(subscription: Subscription): Subscription {
  const { target, held, waiting } = subscription;
  // Of a full state the table before has what the client is to keep.
  if (isFullState(subscription) && waiting.size > 0) return subscription;
  const due = dueTo(subscription);
  if (due === null || target === null || due.changed.length + due.gone.length > 0) return subscription;
  if (held.table === target && held.except.size === due.after.size) return subscription;
  return { ...subscription, held: { table: target, except: due.after }, refused: due.refused };
}

/**
 * Has these resources sent again though they may be unchanged, as Envoy needs it for what names them: of those that the
 * client wants, or will want in its first request.
 */
export function follow(subscription: Subscription, names: NameSet): Subscription {
  const { wanted, held } = subscription;
  const relevant = wanted === null || wanted.wildcard ? names : common(names, wanted.names);
  // What the client holds nothing of is due in any case.
  return excepted(subscription, held.except.size === 0 ? relevant : withoutUntold(relevant, held.except));
}

const withoutUntold = memo((names: NameSet, except: Exceptions): NameSet => {
  const untold = [...names].some((name) => except.get(name) === null);
  return untold ? nameSet([...names].filter((name) => except.get(name) !== null)) : names;
});

/** Counts these as not held. */
export function excepted(subscription: Subscription, names: NameSet): Subscription {
  const { held } = subscription;
  if (names.size === 0) return subscription;
  return { ...subscription, held: { ...held, except: excepting(held.except, names, unsure) } };
}

/** What was not acknowledged counts as not held: it is sent again, together with what is new. */
export function takeBack(subscription: Subscription): Subscription {
  const { inFlight, wanted } = subscription;
  if (inFlight === null) return subscription;
  const all = wanted === null || wanted.wildcard;
  return excepted(subscription, all ? inFlight.names : common(inFlight.names, wanted.names));
}

/** Whether there is something to tell the client, be it that an earlier response is not answered yet. */
export function hasNews(subscription: Subscription, removals: boolean): boolean {
  const due = dueTo(subscription);
  if (due === null) return false;
  if (subscription.answerDue || due.changed.length > 0 || due.absent.length > 0) return true;
  return removals && due.removed.length > 0;
}

/** The names that are confirmed by the answer to a response; but what was asked for anew since may be gone meanwhile. */
export function confirm({ kind, confirmed, held: { except }, inFlight, wanted }: Subscription): NameSet {
  if (kind !== 'cluster' || inFlight === null || wanted === null) return confirmed;
  const all = namesIn(inFlight.resources, noTexts);
  const names = wanted.wildcard ? all : common(all, wanted.names);
  return unite(confirmed, except.size === 0 ? names : nameSet([...names].filter((name) => !except.has(name))));
}
