// When a client may be told that something is gone: last, when nothing that it holds can still name it.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import { memo } from '../lib/memo.ts';
import { clustersWait } from './comeback.ts';
import { wants } from './due.ts';
import type { GatedKind } from './gate.ts';
import { type NameSet, noNames } from './name-set.ts';
import { referencesOf } from './references.ts';
import type { StreamState, Subscriptions } from './stream-state.ts';
import { dueTo, hasNews, holdsUnknown, mayHold, type Subscription } from './subscription.ts';
import { difference, everything } from './tables.ts';

/** The types whose resources may name those of this type, and have to be acknowledged before something is removed. */
const removedAfter: { readonly [K in ResourceKind]: readonly ResourceKind[] } = {
  listener: [],
  route: ['listener'],
  cluster: ['listener', 'route'],
  endpoint: ['cluster'],
};

export function hasRemovals(state: StreamState, kind: ResourceKind): boolean {
  return (dueTo(state.subscriptions[kind])?.removed.length ?? 0) > 0;
}

/** What is to be removed of a type: `TYPE/NAME`. */
export function removedNames(state: StreamState, kind: ResourceKind): readonly string[] {
  return (dueTo(state.subscriptions[kind])?.removed ?? []).map((name) => `${kind}/${name}`);
}

/** Whether nothing that the client holds can still name what is to be removed of this type. */
export function isLast({ subscriptions, latest, routed }: StreamState, kind: ResourceKind): boolean {
  if (kind === 'listener') return isReplaced(subscriptions);
  return removedAfter[kind].every((other) => {
    const ahead = subscriptions[other].wanted !== null && latest?.[other] !== routed?.[other];
    return (kind !== 'cluster' || !ahead) && isAcknowledged(subscriptions[other]);
  });
}

/**
 * A listener goes when those that come are there and their routes were sent; at once where one of them may need its
 * address.
 */
function isReplaced({ listener, route }: Subscriptions): boolean {
  const { held, target, waiting, wanted, inFlight } = listener;
  const due = dueTo(listener);
  if (due === null || wanted === null || target === null) return true;
  if (due.removed.length === 0 || due.removed.some((name) => !held.table.has(name))) return true;
  if (takesOver(held.table, target)) return true;
  if (due.changed.length > 0 || inFlight !== null || [...waiting].some((name) => wants(wanted, name))) return false;
  return route.wanted === null || [...referencesOf(everything(target))].every((name) => mayHold(route, name));
}

/** Whether a listener that comes is at the address of one that goes: Envoy takes no two at one address. */
const takesOver = memo((before: ResourceTable, after: ResourceTable): boolean => {
  const { differing, gone } = difference(before, after);
  const going = new Set(gone.flatMap((name) => before.get(name) ?? []).map(addressOf));
  return differing.some((listener) => going.has(addressOf(listener)));
});

const addressOf = ({ json }: XdsResource): string => JSON.stringify(json['address']);

/** Whether the client has taken all that it may have for now of this type, or wants nothing of it. */
function isAcknowledged(subscription: Subscription, withheld = noNames, removals = true): boolean {
  const { wanted, target, waiting, inFlight, refused } = subscription;
  if (wanted === null) return true;
  if (target === null || inFlight !== null || refused.size > 0) return false;
  const waits = [...waiting].some((name) => wants(wanted, name) && !withheld.has(name));
  return !waits && !hasNews(subscription, removals);
}

/** What is there in no form that the client could be sent: it has all that it should have without it. */
const withheldOf = ({ latest }: StreamState, kind: ResourceKind): NameSet => latest?.withheld?.[kind] ?? noNames;

/** Whether something that the client wants is there in no form that it could be sent. */
export function isWithheld(state: StreamState, kind: ResourceKind): boolean {
  const { wanted } = state.subscriptions[kind];
  return wanted !== null && [...withheldOf(state, kind)].some((name) => wants(wanted, name));
}

/** Whether the client has acknowledged all that it should have of this type, and nothing is held back. */
export function isInSync({ subscriptions, held }: StreamState, kind: ResourceKind, withheld = noNames): boolean {
  const gated: readonly ResourceKind[] = Object.keys(held) as GatedKind[];
  return isAcknowledged(subscriptions[kind], withheld) && (!gated.includes(kind) || held[kind as GatedKind].size === 0);
}

export const fullKinds = ['cluster', 'listener'] as const;

/**
 * Whether a full state of this kind would take from a returning client what it may hold in a form that nobody here knows:
 * all forms that are known were refused.
 */
export function takesUnknown(state: StreamState, kind: ResourceKind): boolean {
  const subscription = state.subscriptions[kind];
  if (!holdsUnknown(subscription)) return false;
  const { wanted, refused, good } = subscription;
  const formless = [...refused].flatMap(([name, { version }]) =>
    version === null || (good.get(name) ?? null) !== null ? [] : [name],
  );
  return isWithheld(state, kind) || (wanted !== null && formless.some((name) => wants(wanted, name)));
}

/** Such a full state is put off, but not for ever. */
export function isSparing(state: StreamState, kind: ResourceKind, now: number): boolean {
  const { sparingSince, options } = state;
  if (sparingSince === null) return false;
  const time = takesUnknown(state, kind) ? options.gateDeadline : kind === 'cluster' ? clustersWait(state) : 0;
  return now - sparingSince < time;
}

/** Whether the client has acknowledged all that it should have, but for what is yet to be removed. */
export function hasEverything(state: StreamState): boolean {
  const { subscriptions, held } = state;
  if (Object.values(held).some(({ size }) => size > 0)) return false;
  return resourceKinds.every((kind) => isAcknowledged(subscriptions[kind], withheldOf(state, kind), false));
}

export function mayRemove(state: StreamState, kind: ResourceKind, now: number): boolean {
  const { removalsSince, drainSince, options } = state;
  if (removalsSince !== null && now - removalsSince >= options.removalDeadline) return true;
  if (kind === 'cluster' && (drainSince === null || now - drainSince < options.drain)) return false;
  return isLast(state, kind);
}

/** Whether the client has acknowledged all of what it asked for, and listeners are among that. */
export function isComplete(state: StreamState): boolean {
  const { subscriptions } = state;
  if (subscriptions.listener.wanted === null) return false;
  return resourceKinds.every(
    (kind) => subscriptions[kind].wanted === null || isInSync(state, kind, withheldOf(state, kind)),
  );
}
