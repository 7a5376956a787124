// A SotW client that comes back does not say which clusters it holds, and its first full state takes away those that have
// gone meanwhile, while its routes may still name them. The endpoints that it asks for tell: if some belong to no cluster
// any more, its routes go first, as far as they need no cluster that it may lack.
import type { ResourceTable } from '../envoy/resource.ts';
import { memo } from '../lib/memo.ts';
import { type NameSet, nameSet, without } from './name-set.ts';
import { referencesOf } from './references.ts';
import type { StreamState } from './stream-state.ts';
import { hasNews, holdsUnknown, type Subscription } from './subscription.ts';
import { everything } from './tables.ts';

/** For how long at most the first full state waits for a request that the client may never make, in milliseconds. */
export const patience = 500;

/** Whether the client has clusters of an earlier stream, and was not sent any on this one. */
const isUntold = ({ latest, subscriptions: { cluster } }: StreamState): boolean =>
  latest !== null && holdsUnknown(cluster) && cluster.nonce === null && cluster.wanted?.wildcard === true;

/** The clusters that the client seems to hold, where it holds others that have gone; null: nothing is known to have gone. */
export function broughtBack(state: StreamState): NameSet | null {
  const { latest, subscriptions } = state;
  const { wanted } = subscriptions.endpoint;
  if (latest === null || wanted === null || !isUntold(state)) return null;
  return isAnyGone(wanted.names, latest.cluster) ? likelyHeld(wanted.names, latest.cluster) : null;
}

const isAnyGone = memo((endpoints: NameSet, clusters: ResourceTable): boolean => {
  return without(endpoints, referencesOf(everything(clusters))).size > 0;
});

/** Those whose endpoints it asks for, and those that have none to ask for. */
const likelyHeld = memo((endpoints: NameSet, clusters: ResourceTable): NameSet => {
  const held = everything(clusters).filter((cluster) => {
    return [...referencesOf(alone(cluster))].every((name) => endpoints.has(name));
  });
  return nameSet(held.map(({ name }) => name));
});

const alone = memo((cluster: ReturnType<typeof everything>[number]) => [cluster]);

/** Whether all that the client may have of it for now was sent and answered. */
const isServed = (subscription: Subscription): boolean =>
  subscription.target === null || (subscription.inFlight === null && !hasNews(subscription, false));

/** How long the first full state of clusters has to wait at most for the client's other types, in milliseconds; 0: not. */
export function clustersWait(state: StreamState): number {
  const { endpoint, listener, route } = state.subscriptions;
  if (!isUntold(state)) return 0;
  if (endpoint.wanted === null) return patience;
  if (broughtBack(state) === null) return 0;
  if (route.wanted === null) return patience;
  return isServed(route) && isServed(listener) ? 0 : state.options.gateDeadline;
}
