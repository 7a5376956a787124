// When a client may be told that something is gone: last, when nothing that it holds can still name it.
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import { wants } from './due.ts';
import type { GatedKind } from './gate.ts';
import type { StreamState } from './stream-state.ts';
import { dueTo, hasNews, isFullState, type Subscription } from './subscription.ts';

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

/** Whether nothing that the client holds can still name what is to be removed of this type. */
export function isLast({ subscriptions, latest, routed }: StreamState, kind: ResourceKind): boolean {
  return removedAfter[kind].every((other) => {
    const ahead = subscriptions[other].wanted !== null && latest?.[other] !== routed?.[other];
    return (kind !== 'cluster' || !ahead) && isAcknowledged(subscriptions[other]);
  });
}

/** Whether the client has taken all that it may have for now of this type, or wants nothing of it. */
function isAcknowledged(subscription: Subscription, removals = true): boolean {
  const { wanted, target, waiting, inFlight, refused } = subscription;
  if (wanted === null) return true;
  if (target === null || inFlight !== null || refused.size > 0) return false;
  return ![...waiting].some((name) => wants(wanted, name)) && !hasNews(subscription, removals);
}

/** Whether the client has acknowledged all that it should have of this type, and nothing is held back. */
export function isInSync({ subscriptions, held }: StreamState, kind: ResourceKind): boolean {
  const gated: readonly ResourceKind[] = Object.keys(held) as GatedKind[];
  return isAcknowledged(subscriptions[kind]) && (!gated.includes(kind) || held[kind as GatedKind].size === 0);
}

export const fullKinds = ['cluster', 'listener'] as const;

/**
 * Whether a full state of this kind would take from a returning client what it may hold in a form that nobody here knows:
 * all forms that are known were refused.
 */
export function takesUnknown({ subscriptions, latest }: StreamState, kind: ResourceKind): boolean {
  const subscription = subscriptions[kind];
  if (!subscription.returning || !isFullState(subscription)) return false;
  const { wanted, refused, good } = subscription;
  const formless = [...refused].flatMap(([name, { version }]) =>
    version === null || (good.get(name) ?? null) !== null ? [] : [name],
  );
  const names = [...formless, ...(latest?.withheld?.[kind] ?? [])];
  return wanted !== null && names.some((name) => wants(wanted, name));
}

/** Such a full state is put off, but not for ever. */
export function isSparing(state: StreamState, kind: ResourceKind, now: number): boolean {
  const { sparingSince, options } = state;
  return sparingSince !== null && now - sparingSince < options.gateDeadline && takesUnknown(state, kind);
}

/** Whether the client has acknowledged all that it should have, but for what is yet to be removed. */
export function hasEverything(state: StreamState): boolean {
  const { subscriptions, held } = state;
  if (Object.values(held).some(({ size }) => size > 0)) return false;
  return resourceKinds.every((kind) => isAcknowledged(subscriptions[kind], false));
}

export function mayRemove(state: StreamState, kind: ResourceKind, now: number): boolean {
  const { removalsSince, drainSince, options } = state;
  if (removalsSince !== null && now - removalsSince >= options.removalDeadline) return true;
  if (kind === 'cluster' && (drainSince === null || now - drainSince < options.drain)) return false;
  return isLast(state, kind);
}
