// Who does the work that one replica alone must do: the rules of a Lease, without a clock and without an API.
// As client-go's leader election, but that a leader ends by its own monotonic clock before another may begin, and that
// of another's Lease nothing is believed but that it changes: its times are by another clock (R-73, S-51).
// https://kubernetes.io/docs/concepts/architecture/leases/
import type { JsonObject, JsonValue } from '../lib/json.ts';

/** All in milliseconds. */
export interface LeaseTimes {
  /** So long after the last change that was seen another may take it. */
  readonly duration: number;
  /** So long after it was renewed the leader stops. */
  readonly deadline: number;
  /** How often it is renewed, or looked at. */
  readonly retry: number;
}

export const defaultLeaseTimes: LeaseTimes = { duration: 15_000, deadline: 10_000, retry: 2_000 };

/** A Lease of another that says it lasts longer is taken at the end of this, in milliseconds. */
const longestDuration = 60_000;

/** What the API has. */
export interface LeaseRecord {
  readonly holder: string;
  /** In milliseconds; null: it does not say, or nothing that can be. */
  readonly duration: number | null;
  /** Changes with every write. */
  readonly version: string;
  readonly transitions: number;
}

export interface Leadership {
  /** Of the last record that was seen, and when it was seen first. */
  readonly version: string | null;
  readonly seenAt: number;
  /** Until when we lead; null: we do not. */
  readonly until: number | null;
}

export const noLeadership: Leadership = { version: null, seenAt: 0, until: null };

/** By a monotonic clock, as every `now` here. */
export const leads = ({ until }: Leadership, now: number): boolean => until !== null && now < until;

/** What is seen of the Lease; null: there is none. */
export function see(state: Leadership, record: LeaseRecord | null, now: number): Leadership {
  const version = record?.version ?? null;
  return version === state.version && state.version !== null ? state : { ...state, version, seenAt: now };
}

/** Whether it may be written: it is ours, nobody's, or has not changed for as long as it says that it lasts. */
export function mayTake(state: Leadership, record: LeaseRecord | null, me: string, now: number): boolean {
  if (record === null || record.holder === me || record.holder === '') return true;
  const { duration } = record;
  return now - state.seenAt >= Math.min(duration ?? defaultLeaseTimes.duration, longestDuration);
}

/** It was written by a request that began at `began`. */
export function taken(state: Leadership, version: string, began: number, { deadline }: LeaseTimes): Leadership {
  return { ...state, version, seenAt: began, until: began + deadline };
}

/** It is another's, or could not be written in time. */
export const lost = (state: Leadership): Leadership => ({ ...state, until: null });

const isDuration = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0;

/** What a Lease (coordination.k8s.io/v1) says. */
export function leaseRecord({ metadata, spec }: JsonObject): LeaseRecord {
  const { resourceVersion } = (metadata ?? {}) as JsonObject;
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = (spec ?? {}) as JsonObject;
  return {
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    duration: isDuration(leaseDurationSeconds) ? leaseDurationSeconds * 1000 : null,
    version: String(resourceVersion),
    transitions: isDuration(leaseTransitions) ? leaseTransitions : 0,
  };
}
