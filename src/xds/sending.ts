// The next response of a subscription: what is in it, and when it may go.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { typeUrls } from '../envoy/types.ts';
import { type Due, type Exceptions, excepting, noExceptions, noTexts, unsure, type Wanted } from './due.ts';
import { common, type NameSet, nameSet, noNames, unite, without } from './name-set.ts';
import { goneAsHeld, resting } from './refusal.ts';
import { contentVersion, type Response } from './response.ts';
import type { FullSpacing } from './stream-state.ts';
import { dueTo, type Flight, hasNews, isFullState, type Subscription, takeBack } from './subscription.ts';
import { chosen, everything, haveTime, keepGone, keepNamed, namesIn } from './tables.ts';

export interface SendOptions {
  readonly now: number;
  readonly nonce: string;
  /** Whether the client may be told now that what it holds is gone. */
  readonly removals: boolean;
  /** How long a response may be unanswered before a newer one is sent all the same, in milliseconds. */
  readonly supersedeAfter: number;
  readonly fullSpacing: FullSpacing;
}

export interface Sent {
  readonly subscription: Subscription;
  readonly response: Response;
  /** Of the resources in the response, those that the client did not hold in this form. */
  readonly changed: readonly XdsResource[];
}

/** The next response, if there is one to be sent now: the newest state, whatever happened meanwhile. */
export function send(subscription: Subscription, options: SendOptions): Sent | null {
  const { inFlight } = subscription;
  if (!hasNews(subscription, options.removals) || isSpaced(subscription, options.now)) return null;
  if (inFlight === null) return respond(subscription, options);
  if (options.now - inFlight.since < options.supersedeAfter) return null;
  return respond(takeBack(withoutUntaken(subscription, inFlight)), options);
}

/**
 * A client that is sent one large state after the other does nothing but read them (envoyproxy/envoy#46383). Who asks
 * for it is answered in any case; after a refusal neither the search for its cause nor what is better is put off.
 */
function isSpaced({ spacedUntil, answerDue, error, search }: Subscription, now: number): boolean {
  const urgent = answerDue || error !== null || search !== null;
  return spacedUntil !== null && now < spacedUntil && !urgent;
}

/** States of streams that differ in a time alone become one when it is over. */
export function rested(subscription: Subscription, now: number): Subscription {
  const { spacedUntil } = subscription;
  return spacedUntil === null || now < spacedUntil ? subscription : { ...subscription, spacedUntil: null };
}

function withoutUntaken(subscription: Subscription, { before }: Flight): Subscription {
  const { target, held, good, confirmed } = subscription;
  if (target === null || !isFullState(subscription)) return subscription;
  return { ...subscription, held: { ...held, table: goneAsHeld(held.table, target, before, good, confirmed) } };
}

function respond(subscription: Subscription, { now, nonce, removals, fullSpacing }: SendOptions): Sent | null {
  const { wanted, target, held, waiting, protocol, kind } = subscription;
  const due = dueTo(subscription);
  if (due === null || wanted === null || target === null) return null;
  const full = isFullState(subscription);
  const all = removals ? target : keepGone(held.table, target, due.kept);
  // What it is told nothing of it is to keep, as far as it is known.
  const quiet = full && waiting.size > 0 ? without(waiting, nameSet(held.except.keys())) : noNames;
  const told = keepNamed(held.table, all, quiet);
  const table = full ? resting(told, due.refused, subscription.good) : all;
  const resources = full ? fullState(table, wanted) : due.changed;
  const removed = full ? noTexts : removals ? due.gone : due.absent;
  const version = contentVersion(resources, removed);
  const unanswered = subscription.inFlight?.names ?? noNames;
  return {
    subscription: {
      ...subscription,
      held: { table, except: afterSending(full ? without(due.resting, quiet) : null, due, removals) },
      confirmed: stillThere(subscription, resources, removed),
      refused: due.refused,
      answerDue: false,
      spacedUntil: full ? now + Math.max(0, resources.length - fullSpacing.free) * fullSpacing.each : null,
      toldAt: subscription.toldAt ?? (haveTime(resources) ? now : null),
      inFlight: {
        nonce,
        since: now,
        version,
        resources,
        removed,
        names: unite(namesIn(resources, removed), unanswered),
        changed: due.changed,
        before: subscription.inFlight?.before ?? held,
      },
      nonce,
    },
    response: { protocol, kind, typeUrl: typeUrls[kind], nonce, version, resources, removed },
    changed: due.changed,
  };
}

/** From the moment when its removal is sent a cluster may be gone. */
function stillThere(
  subscription: Subscription,
  resources: readonly XdsResource[],
  removed: readonly string[],
): NameSet {
  const { confirmed } = subscription;
  if (confirmed.size === 0) return confirmed;
  return isFullState(subscription)
    ? common(confirmed, namesIn(resources, noTexts))
    : without(confirmed, namesIn([], removed));
}

/** A full state leaves no exceptions but what stands aside: what is not in it is not there. */
function afterSending(aside: NameSet | null, due: Due, removals: boolean): Exceptions {
  if (aside !== null) return excepting(noExceptions, aside, unsure);
  return removals ? due.after : due.afterKeeping;
}

function fullState(table: ResourceTable, wanted: Wanted): readonly XdsResource[] {
  return wanted.wildcard ? everything(table) : chosen(table, wanted.names);
}
