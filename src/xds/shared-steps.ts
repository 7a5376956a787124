// Streams in the same state take the same steps: what one event does to one of them is remembered for a moment, and the
// others to which the same happens are given the outcome. For that the state is free of what is a stream's own: of its
// nonces only whether an answer is to the last response, and of the time only ticks.
import { interner } from '../lib/intern.ts';
import type { Held } from './due.ts';
import { hasEverything, isComplete } from './removal.ts';
import type { DiscoveryRequest } from './requests.ts';
import { type StreamEvent, type StreamStep, step } from './stream.ts';
import { newStream, type StreamOptions, type StreamState, type Subscriptions } from './stream-state.ts';
import type { Flight, Subscription } from './subscription.ts';

export interface SharedStep extends StreamStep {
  /** Whether the client has acknowledged all that it asked for, and listeners are among that. */
  readonly complete: boolean;
  /** Whether it has acknowledged all that it should have, but for what is yet to be removed. */
  readonly everything: boolean;
}

/** Of the shortest time that something is given: so long, in milliseconds, what happens counts as simultaneous. */
const share = 0.05;

/** In a state that streams share: the nonce of the last response, whatever it is on each of them. */
export const lastNonce = 'last';

export class SharedSteps {
  readonly #start: StreamState;
  readonly #tick: number;
  #now = 0;
  #steps = new Map<StreamState, Map<unknown, SharedStep>>();
  #forgetting: NodeJS.Timeout | undefined;

  constructor({ protocol, ...times }: Omit<StreamOptions, 'noncePrefix'>) {
    const { supersedeAfter, removalDeadline, gateDeadline, drain, fullSpacing } = times;
    const shortest = Math.min(...[supersedeAfter, removalDeadline, gateDeadline, drain].filter((time) => time > 0));
    this.#tick = Math.max(1, Math.floor(shortest * share));
    // What begins late in a tick is not to end early.
    const least = (time: number): number => (time === 0 ? 0 : time + this.#tick);
    this.#start = newStream({
      protocol,
      noncePrefix: lastNonce,
      supersedeAfter: least(supersedeAfter),
      fullSpacing,
      removalDeadline: least(removalDeadline),
      gateDeadline: least(gateDeadline),
      drain: least(drain),
    });
  }

  /** The state of a stream on which nothing was said yet. */
  get start(): StreamState {
    return this.#start;
  }

  /** `step`; a request's nonce has to be empty, `lastNonce`, or something else where it is neither. */
  take(state: StreamState, event: StreamEvent): SharedStep {
    const key = keyOf(event);
    const now = Math.floor(event.now / this.#tick) * this.#tick;
    if (key === null) return this.#shared(step(state, { ...event, now }));
    if (now !== this.#now) this.#forget(now);
    const known = this.#steps.get(state)?.get(key);
    if (known !== undefined) return known;
    const taken = this.#shared(step(state, { ...event, now }));
    this.#remember(state, key, taken);
    return taken;
  }

  #shared(taken: StreamStep): SharedStep {
    const state = common(taken.state);
    const wakeAt = taken.wakeAt === null ? null : Math.ceil(taken.wakeAt / this.#tick) * this.#tick;
    return { ...taken, state, wakeAt, complete: isComplete(state), everything: hasEverything(state) };
  }

  #remember(state: StreamState, key: unknown, taken: SharedStep): void {
    const steps = this.#steps.get(state) ?? new Map<unknown, SharedStep>();
    this.#steps.set(state, steps.set(key, taken));
    this.#forgetting ??= setTimeout(() => this.#forget(0), this.#tick).unref();
  }

  #forget(now: number): void {
    clearTimeout(this.#forgetting);
    this.#forgetting = undefined;
    this.#now = now;
    this.#steps = new Map();
  }
}

/** Equal for events that are the same; null: not worth it. */
function keyOf(event: StreamEvent): unknown {
  if (event.kind === 'snapshot') return event.snapshot;
  return event.kind === 'request' ? keyOfRequest(event.request) : event.kind;
}

function keyOfRequest(message: DiscoveryRequest): string | null {
  const { typeUrl, nonce, error } = message;
  if (message.protocol === 'sotw')
    return JSON.stringify([typeUrl, nonce, error, message.version, listKey(message.names)]);
  if (message.versions.size > 0) return null;
  return JSON.stringify([typeUrl, nonce, error, listKey(message.subscribe), listKey(message.unsubscribe)]);
}

/** Long lists with the same names are mostly one object. */
const short = 16;
const listKey = (names: readonly string[]): unknown => (names.length <= short ? names : identity(names));

const identities = new WeakMap<object, number>();
let objects = 0;

function identity(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const known = identities.get(value);
  if (known !== undefined) return `#${known}`;
  objects += 1;
  identities.set(value, objects);
  return `#${objects}`;
}

/** Objects whose members are the same become one. */
function sharer<T extends object>(): (value: T) => T {
  const intern = interner<T>();
  return (value) => intern(Object.values(value).map(identity).join(' '), () => value);
}

const sharedHeld = sharer<Held>();
const sharedFlight = sharer<Flight>();
const sharedSubscription = sharer<Subscription>();
const sharedSubscriptions = sharer<Subscriptions>();
const sharedState = sharer<StreamState>();

function common(state: StreamState): StreamState {
  const { cluster, endpoint, listener, route } = state.subscriptions;
  return sharedState({
    ...state,
    subscriptions: sharedSubscriptions({
      cluster: commonSubscription(cluster),
      endpoint: commonSubscription(endpoint),
      listener: commonSubscription(listener),
      route: commonSubscription(route),
    }),
    responses: 0,
  });
}

function commonSubscription(subscription: Subscription): Subscription {
  const { held, inFlight, nonce } = subscription;
  return sharedSubscription({
    ...subscription,
    held: sharedHeld(held),
    inFlight: inFlight && sharedFlight({ ...inFlight, nonce: lastNonce, before: sharedHeld(inFlight.before) }),
    nonce: nonce && lastNonce,
  });
}
