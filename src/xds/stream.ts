// One stream: four subscriptions, and the order in which they are served. A pure reducer: events in, at most one response
// out, so that back-pressure is part of the state. Time comes with the events.
//
// The order: clusters and endpoints go first; listeners and routes aim at the newest snapshot whose clusters were sent, and
// what names a cluster that the client has not acknowledged is held back (gate.ts); what vanished is removed last, in the
// reverse order, when the client has acknowledged all that could still name it.
import type { XdsResource } from '../envoy/resource.ts';
import { type ResourceKind, resourceKinds, typeUrls } from '../envoy/types.ts';
import { patience } from './comeback.ts';
import type { GatedKind } from './gate.ts';
import { beat, beatDue } from './heartbeat.ts';
import { type NameSet, without } from './name-set.ts';
import { followers, referencesOf } from './references.ts';
import type { Culprit } from './refusal.ts';
import { isSparing, mayRemove } from './removal.ts';
import { type DiscoveryRequest, mostNames } from './requests.ts';
import type { Response } from './response.ts';
import { rested, type SendOptions, type Sent, send } from './sending.ts';
import { settle } from './settle.ts';
import type { Snapshot } from './snapshot.ts';
import { type Stranger, type StreamState, withSubscription } from './stream-state.ts';
import { follow, hasNews } from './subscription.ts';
import { type Answer, request } from './subscription-request.ts';

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
      /** What was shown to be at fault in what the client has refused. */
      readonly culprits: readonly Culprit[];
      /** What the client has acknowledged. */
      readonly resources: readonly XdsResource[];
    }
  | { readonly kind: 'subscribed'; readonly type: ResourceKind; readonly names: number; readonly wildcard: boolean }
  | { readonly kind: 'unknownType' }
  /** The client seems to have forgotten to ask for clusters: it should start anew. */
  | { readonly kind: 'clusterless' }
  /** What waits for longer than the deadline for clusters to be acknowledged, and was not reported before. */
  | { readonly kind: 'held'; readonly type: GatedKind; readonly names: NameSet };

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

/** Takes in one event, and gives what is to be sent because of it. */
export function step(before: StreamState, event: StreamEvent): StreamStep {
  const { state, notes } = takeIn(before, event);
  const settled = settle(withoutRests(state, event.now), event.now);
  const exhausted = nameCount(settled) > mostNames ? `the stream names more than ${mostNames} resources` : null;
  const { state: after, response } =
    exhausted === null ? serve(settled, event.now) : { state: settled, response: null };
  const late = [...newlyHeld(before, settled), ...clusterless(before, settled)];
  return { state: after, response, wakeAt: wakeAt(after, event.now), notes: [...notes, ...late], exhausted };
}

function newlyHeld(before: StreamState, after: StreamState): readonly Note[] {
  if (before.reported === after.reported) return [];
  return (['listener', 'route'] as const).flatMap((type): Note[] => {
    const names = without(after.reported[type], before.reported[type]);
    return names.size === 0 ? [] : [{ kind: 'held', type, names }];
  });
}

/** Told once, whatever the event at which the time is over. */
function clusterless(before: StreamState, after: StreamState): readonly Note[] {
  return after.clusterlessLate && !before.clusterlessLate ? [{ kind: 'clusterless' }] : [];
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

function withoutRests(state: StreamState, now: number): StreamState {
  const { cluster, listener } = state.subscriptions;
  return withSubscription(withSubscription(state, rested(cluster, now)), rested(listener, now));
}

function takeRequest(state: StreamState, message: DiscoveryRequest): TakenIn {
  const type = resourceKinds.find((kind) => typeUrls[kind] === message.typeUrl);
  if (type === undefined) return { state: takeStranger(state, message), notes: [{ kind: 'unknownType' }] };
  const before = state.subscriptions[type];
  const { subscription, answer, culprits } = request(before, message);
  const notes: Note[] = [];
  if (answer !== 'none') {
    const resources = answer === 'acknowledged' ? (before.inFlight?.resources ?? []) : [];
    notes.push({ kind: 'answered', type, answer, error: message.error ?? '', culprits, resources });
  }
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

function serve(state: StreamState, now: number): { readonly state: StreamState; readonly response: Response | null } {
  if (!state.writable) return { state, response: null };
  const [stranger, ...strangers] = state.strangers;
  if (stranger !== undefined) return { state: answered({ ...state, strangers }), response: absence(state, stranger) };
  for (const kind of resourceKinds.filter((each) => !isSparing(state, each, now))) {
    const sent = send(state.subscriptions[kind], sendOptions(state, kind, now));
    if (sent !== null) return { state: answered(withSent(state, sent)), response: sent.response };
  }
  for (const kind of resourceKinds) {
    const told = beat(state.subscriptions[kind], sendOptions(state, kind, now));
    if (told !== null) return { state: answered(withSubscription(state, told.subscription)), response: told.response };
  }
  return { state, response: null };
}

function sendOptions(state: StreamState, kind: ResourceKind, now: number): SendOptions {
  const { supersedeAfter, fullSpacing } = state.options;
  return { now, nonce: nextNonce(state), removals: mayRemove(state, kind, now), supersedeAfter, fullSpacing };
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
  const { subscriptions, options, writable, removalsSince, drainSince, heldSince } = state;
  if (!writable) return null;
  const times = resourceKinds.flatMap((kind) => {
    const { inFlight, spacedUntil } = subscriptions[kind];
    if (!hasNews(subscriptions[kind], mayRemove(state, kind, now))) return [];
    return [spacedUntil ?? now, inFlight === null ? now : inFlight.since + options.supersedeAfter];
  });
  times.push(...resourceKinds.flatMap((kind) => beatDue(subscriptions[kind]) ?? []));
  if (removalsSince !== null) times.push(removalsSince + options.removalDeadline);
  if (drainSince !== null) times.push(drainSince + options.drain);
  if (heldSince !== null) times.push(heldSince + options.gateDeadline);
  if (state.sparingSince !== null) times.push(state.sparingSince + patience);
  for (const since of [state.sparingSince, state.clusterlessSince]) {
    if (since !== null) times.push(since + options.gateDeadline);
  }
  const coming = times.filter((time) => time > now);
  return coming.length === 0 ? null : Math.min(...coming);
}

function nameCount({ subscriptions }: StreamState): number {
  return resourceKinds.reduce((sum, kind) => sum + (subscriptions[kind].wanted?.names.size ?? 0), 0);
}
