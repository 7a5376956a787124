// Resources with a time to live: as long as they stand, the client is told so in time.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { typeUrls } from '../envoy/types.ts';
import { baseOf, touchedKeys } from '../lib/layered-map.ts';
import { memo } from '../lib/memo.ts';
import { type Wanted, wants } from './due.ts';
import { type NameSet, nameSet, noNames } from './name-set.ts';
import type { Response } from './response.ts';
import { type SendOptions, send } from './sending.ts';
import { excepted, isFullState, type Subscription } from './subscription.ts';
import { everything } from './tables.ts';

const none: readonly XdsResource[] = [];

const timedIn = memo((table: ResourceTable): readonly XdsResource[] => {
  const base = baseOf(table);
  const touched = base === table || timedIn(base) !== none ? null : touchedKeys(base, table);
  const candidates = touched === null ? everything(table) : [...touched].flatMap((name) => table.get(name) ?? []);
  const timed = candidates.filter(({ ttl }) => ttl !== undefined);
  return timed.length === 0 ? none : timed;
});

const timedOf = memo((timed: readonly XdsResource[], wanted: Wanted): readonly XdsResource[] => {
  return timed.filter(({ name }) => wants(wanted, name));
});

/** What the client holds for a time, and is to keep. */
function kept({ wanted, held, target }: Subscription): readonly XdsResource[] {
  if (wanted === null || target === null) return none;
  const timed = timedIn(held.table);
  if (timed.length === 0) return none;
  return timedOf(timed, wanted).filter((one) => !held.except.has(one.name) && target.get(one.name) === one);
}

/** Tells twice in the shortest time to live. */
const share = 0.5;

/** When the next heartbeat is due, in milliseconds; null: nothing has a time to live. */
export function beatDue(subscription: Subscription): number | null {
  const resources = kept(subscription);
  if (resources.length === 0 || subscription.inFlight !== null) return null;
  const shortest = Math.min(...resources.map(({ ttl = 0 }) => ttl));
  return (subscription.toldAt ?? 0) + shortest * 1000 * share;
}

/**
 * The heartbeat, if it is due. In SotW it is the resources themselves: Envoy takes a full state for all that there is, and
 * a resource without its content for one that is gone.
 */
export function beat(
  subscription: Subscription,
  options: SendOptions,
): { readonly subscription: Subscription; readonly response: Response } | null {
  const { now, nonce } = options;
  const due = beatDue(subscription);
  if (due === null || due > now) return null;
  const heartbeats = kept(subscription);
  const told = { ...subscription, toldAt: now };
  if (isFullState(subscription)) return send({ ...told, answerDue: true }, options);
  if (subscription.protocol === 'sotw') return send(excepted(told, namesOf(heartbeats)), options);
  const { protocol, kind, held } = subscription;
  const empty = { version: '', resources: none, removed: [] };
  return {
    subscription: {
      ...told,
      inFlight: { ...empty, nonce, since: now, before: held, names: noNames, changed: none },
      nonce,
    },
    response: { ...empty, protocol, kind, typeUrl: typeUrls[kind], nonce, heartbeats },
  };
}

const namesOf = (resources: readonly XdsResource[]): NameSet => nameSet(resources.map(({ name }) => name));
