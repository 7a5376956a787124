// One stream: four subscriptions, and the order in which they are served. A pure reducer: events in, at most one response
// out, so that back-pressure is part of the state. Time comes with the events.
//
// The order: clusters and endpoints go first; listeners and routes aim at the newest snapshot whose clusters were sent;
// what vanished is removed last, in the reverse order, when the client has acknowledged all that could still name it.
import { type ResourceKind, resourceKinds, typeUrls } from '../envoy/types.ts';
import { followers, referencesOf } from './references.ts';
import { type DiscoveryRequest, mostNames, type Protocol } from './requests.ts';
import type { Response } from './response.ts';
import type { Snapshot } from './snapshot.ts';
import {
  aim,
  catchUp,
  dueTo,
  follow,
  hasNews,
  newSubscription,
  type Sent,
  type Subscription,
  send,
} from './subscription.ts';
import { type Answer, request } from './subscription-request.ts';

export interface StreamOptions {
  readonly protocol: Protocol;
  /** What the stream's nonces begin with; different for every stream of a process. */
  readonly noncePrefix: string;
  /** After how many milliseconds without an answer a response may be overtaken by a newer one. */
  readonly supersedeAfter: number;
  /** For how many milliseconds at most a removal waits for other types to be acknowledged. */
  readonly removalDeadline: number;
}

export type Subscriptions = { readonly [K in ResourceKind]: Subscription };

/** A type that nobody here knows, and the names that were asked for. */
interface Stranger {
  readonly typeUrl: string;
  readonly names: readonly string[];
}

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
  readonly strangers: readonly Stranger[];
}

export type StreamEvent =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly now: number }
  | { readonly kind: 'request'; readonly request: DiscoveryRequest; readonly now: number }
  /** The transport has taken the last response. */
  | { readonly kind: 'drained'; readonly now: number }
  /** The time that `wakeAt` asked for has come. */
  | { readonly kind: 'tick'; readonly now: number };

export type Note =
  | {
      readonly kind: 'answered';
      readonly type: ResourceKind;
      readonly answer: Exclude<Answer, 'none'>;
      readonly error: string;
    }
  | { readonly kind: 'subscribed'; readonly type: ResourceKind; readonly names: number; readonly wildcard: boolean }
  | { readonly kind: 'unknownType' };

export interface StreamStep {
  readonly state: StreamState;
  /** To be written now. */
  readonly response: Response | null;
  /** When to come back if nothing happens before, in the clock of the events. */
  readonly wakeAt: number | null;
  readonly notes: readonly Note[];
  /** Why the stream has to be closed, or null. */
  readonly exhausted: string | null;
}

/** How many requests for unknown types wait for their answer; more are not answered. */
const mostStrangers = 8;

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
    strangers: [],
  };
}

/** Takes in one event, and gives what is to be sent because of it. */
export function step(before: StreamState, event: StreamEvent): StreamStep {
  const { state, notes } = takeIn(before, event);
  const settled = settle(state, event.now);
  const exhausted = nameCount(settled) > mostNames ? `the stream names more than ${mostNames} resources` : null;
  const { state: after, response } =
    exhausted === null ? serve(settled, event.now) : { state: settled, response: null };
  return { state: after, response, wakeAt: wakeAt(after, event.now), notes, exhausted };
}

interface TakenIn {
  readonly state: StreamState;
  readonly notes: readonly Note[];
}

function takeIn(state: StreamState, event: StreamEvent): TakenIn {
  switch (event.kind) {
    case 'snapshot':
      return { state: { ...state, latest: event.snapshot }, notes: [] };
    case 'drained':
      return { state: { ...state, writable: true }, notes: [] };
    case 'tick':
      return { state, notes: [] };
    case 'request':
      return takeRequest(state, event.request);
  }
}

function takeRequest(state: StreamState, message: DiscoveryRequest): TakenIn {
  const type = resourceKinds.find((kind) => typeUrls[kind] === message.typeUrl);
  if (type === undefined) return { state: takeStranger(state, message), notes: [{ kind: 'unknownType' }] };
  const before = state.subscriptions[type];
  const { subscription, answer } = request(before, message);
  const notes: Note[] = [];
  if (answer !== 'none') notes.push({ kind: 'answered', type, answer, error: message.error ?? '' });
  if (subscription.wanted !== null && subscription.wanted !== before.wanted) {
    notes.push({
      kind: 'subscribed',
      type,
      names: subscription.wanted.names.size,
      wildcard: subscription.wanted.wildcard,
    });
  }
  return { state: withSubscription(state, subscription), notes };
}

/** In delta a client is told at once that there is no such thing; in SotW it waits, for the type may be another server's. */
function takeStranger(state: StreamState, message: DiscoveryRequest): StreamState {
  if (message.protocol === 'sotw' || message.subscribe.length === 0) return state;
  if (state.strangers.length >= mostStrangers) return state;
  const names = message.subscribe.filter((name) => name !== '*');
  return names.length === 0
    ? state
    : { ...state, strangers: [...state.strangers, { typeUrl: message.typeUrl, names }] };
}

function withSubscription(state: StreamState, subscription: Subscription): StreamState {
  if (state.subscriptions[subscription.kind] === subscription) return state;
  return { ...state, subscriptions: { ...state.subscriptions, [subscription.kind]: subscription } };
}

/** Aims every subscription at the snapshot that it may have now. */
function settle(before: StreamState, now: number): StreamState {
  const { latest } = before;
  const early = aimAll(before, { cluster: latest, endpoint: latest });
  const routed = hasNews(early.subscriptions.cluster, false) ? before.routed : latest;
  const aimed = aimAll({ ...early, routed }, { listener: routed, route: routed });
  const waiting = resourceKinds.some((kind) => hasRemovals(aimed, kind) && !isLast(aimed, kind));
  return { ...aimed, removalsSince: waiting ? (before.removalsSince ?? now) : null };
}

function aimAll(state: StreamState, snapshots: { readonly [K in ResourceKind]?: Snapshot | null }): StreamState {
  let result = state;
  for (const kind of resourceKinds) {
    const snapshot = snapshots[kind];
    if (snapshot === undefined || snapshot === null) continue;
    result = withSubscription(result, catchUp(aim(result.subscriptions[kind], snapshot[kind])));
  }
  return result;
}

function hasRemovals(state: StreamState, kind: ResourceKind): boolean {
  return (dueTo(state.subscriptions[kind])?.removed.length ?? 0) > 0;
}

/** The types whose resources may name those of this type, and have to be acknowledged before something is removed. */
const removedAfter: { readonly [K in ResourceKind]: readonly ResourceKind[] } = {
  listener: [],
  route: ['listener'],
  cluster: ['listener', 'route'],
  endpoint: ['cluster'],
};

/** Whether nothing that the client holds can still name what is to be removed of this type. */
function isLast({ subscriptions, latest, routed }: StreamState, kind: ResourceKind): boolean {
  return removedAfter[kind].every((other) => {
    const ahead = subscriptions[other].wanted !== null && latest?.[other] !== routed?.[other];
    return (kind !== 'cluster' || !ahead) && isAcknowledged(subscriptions[other]);
  });
}

/** Whether the client has taken all that it should have of this type, or wants nothing of it. */
export function isAcknowledged(subscription: Subscription): boolean {
  if (subscription.wanted === null) return true;
  return subscription.inFlight === null && subscription.refused.size === 0 && !hasNews(subscription, true);
}

function mayRemove(state: StreamState, kind: ResourceKind, now: number): boolean {
  const { removalsSince, options } = state;
  return isLast(state, kind) || (removalsSince !== null && now - removalsSince >= options.removalDeadline);
}

function serve(state: StreamState, now: number): { readonly state: StreamState; readonly response: Response | null } {
  if (!state.writable) return { state, response: null };
  const [stranger, ...strangers] = state.strangers;
  if (stranger !== undefined) return { state: answered({ ...state, strangers }), response: absence(state, stranger) };
  for (const kind of resourceKinds) {
    const sent = send(state.subscriptions[kind], {
      now,
      nonce: nextNonce(state),
      removals: mayRemove(state, kind, now),
      supersedeAfter: state.options.supersedeAfter,
    });
    if (sent !== null) return { state: answered(withSent(state, sent)), response: sent.response };
  }
  return { state, response: null };
}

const nextNonce = ({ options, responses }: StreamState): string => `${options.noncePrefix}${responses + 1}`;
const answered = (state: StreamState): StreamState => ({ ...state, writable: false, responses: state.responses + 1 });

/** Envoy warms what has changed until what it names has come once more, even if that is unchanged. */
function withSent(state: StreamState, { subscription, changed }: Sent): StreamState {
  const sent = withSubscription(state, subscription);
  const follower = followers[subscription.kind];
  if (follower === null) return sent;
  return withSubscription(sent, follow(sent.subscriptions[follower], referencesOf(changed)));
}

function absence(state: StreamState, { typeUrl, names }: Stranger): Response {
  return {
    protocol: 'delta',
    kind: null,
    typeUrl,
    nonce: nextNonce(state),
    version: '',
    resources: [],
    removed: names,
  };
}

function wakeAt(state: StreamState, now: number): number | null {
  const { subscriptions, options, writable, removalsSince } = state;
  if (!writable) return null;
  const times = resourceKinds.flatMap((kind) => {
    const { inFlight } = subscriptions[kind];
    if (inFlight === null || !hasNews(subscriptions[kind], mayRemove(state, kind, now))) return [];
    return [inFlight.since + options.supersedeAfter];
  });
  if (removalsSince !== null) times.push(removalsSince + options.removalDeadline);
  const coming = times.filter((time) => time > now);
  return coming.length === 0 ? null : Math.min(...coming);
}

function nameCount({ subscriptions }: StreamState): number {
  return resourceKinds.reduce((sum, kind) => sum + (subscriptions[kind].wanted?.names.size ?? 0), 0);
}
