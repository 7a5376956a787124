// The state of one stream: four subscriptions, the snapshots they aim at, and the clocks of what is held back.
import type { ResourceKind } from '../envoy/types.ts';
import type { GatedKind } from './gate.ts';
import { type NameSet, noNames } from './name-set.ts';
import type { Protocol } from './requests.ts';
import type { Snapshot } from './snapshot.ts';
import { newSubscription, type Subscription } from './subscription.ts';

/** How far apart full states are (SotW's clusters and listeners): each resource in one, but for the first, puts off the next. */
export interface FullSpacing {
  /** How many put off nothing, */
  readonly free: number;
  /** and by how much each of the others does. */
  readonly each: number;
}

/** Times are in milliseconds. */
export interface StreamOptions {
  readonly protocol: Protocol;
  /** What the stream's nonces begin with; different for every stream of a process. */
  readonly noncePrefix: string;
  /** After how long without an answer a response may be overtaken by a newer one. */
  readonly supersedeAfter: number;
  readonly fullSpacing: FullSpacing;
  /** For how long at most a removal waits for other types to be acknowledged. */
  readonly removalDeadline: number;
  /** After how long it is reported that listeners or routes wait for clusters, and a first answer goes without them. */
  readonly gateDeadline: number;
  /** How long a cluster stays after the last route that named it. */
  readonly drain: number;
}

export type Subscriptions = { readonly [K in ResourceKind]: Subscription };

/** A type that nobody here knows, and the names that were asked for. */
export interface Stranger {
  readonly typeUrl: string;
  readonly names: readonly string[];
}

export type NamesByKind = { readonly [K in GatedKind]: NameSet };
export const noneHeld: NamesByKind = { listener: noNames, route: noNames };

export interface StreamState {
  readonly options: StreamOptions;
  /** What the client should have; null until the provider has said so. */
  readonly latest: Snapshot | null;
  /** The newest snapshot whose clusters were all sent: the one that listeners and routes aim at. */
  readonly routed: Snapshot | null;
  readonly subscriptions: Subscriptions;
  /** Whether the transport has taken the last response. */
  readonly writable: boolean;
  /** How many responses were sent. */
  readonly responses: number;
  /** Since when a removal is held back; null when none is. */
  readonly removalsSince: number | null;
  /** What is held back, and since when something is without a break; null: nothing. */
  readonly removals: { readonly first: number; readonly names: NameSet } | null;
  /** Since when clusters could be removed, but for the time that they drain; null when there are none. */
  readonly drainSince: number | null;
  /** What waits for clusters to be acknowledged, */
  readonly held: NamesByKind;
  /** since when something does, without a break; null when nothing does; */
  readonly heldSince: number | null;
  /** and what of it was reported. */
  readonly reported: NamesByKind;
  readonly strangers: readonly Stranger[];
  /** Since when a full state would take away what a client may hold in a form that nobody here knows; null: it would not. */
  readonly sparingSince: number | null;
  /**
   * Since when a delta client asks for all listeners and not for clusters; null: it does not. After a refusal and a broken
   * stream Envoy is known to forget to ask (envoyproxy/envoy#34334); a new stream helps.
   */
  readonly clusterlessSince: number | null;
  /** Whether it has done so for longer than the deadline. */
  readonly clusterlessLate: boolean;
}

/** A stream on which nothing was said yet. */
export function newStream(options: StreamOptions): StreamState {
  const { protocol } = options;
  return {
    options,
    latest: null,
    routed: null,
    subscriptions: {
      cluster: newSubscription(protocol, 'cluster'),
      endpoint: newSubscription(protocol, 'endpoint'),
      listener: newSubscription(protocol, 'listener'),
      route: newSubscription(protocol, 'route'),
    },
    writable: true,
    responses: 0,
    removalsSince: null,
    removals: null,
    drainSince: null,
    held: noneHeld,
    heldSince: null,
    reported: noneHeld,
    strangers: [],
    sparingSince: null,
    clusterlessSince: null,
    clusterlessLate: false,
  };
}

export function withSubscription(state: StreamState, subscription: Subscription): StreamState {
  if (state.subscriptions[subscription.kind] === subscription) return state;
  return { ...state, subscriptions: { ...state.subscriptions, [subscription.kind]: subscription } };
}
