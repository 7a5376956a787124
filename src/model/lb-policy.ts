// How requests are spread over endpoints.
import type { LocalitySetting } from './locality-lb.ts';
import type { Origin } from './origin.ts';

/** A length of time in milliseconds. */
export type Milliseconds = number & { readonly unit?: 'ms' };

/** How a new endpoint's share grows: from `minimumPercent` to its full share within `window`. */
export interface SlowStart {
  readonly window: Milliseconds;
  /** Null: Envoy's default, linear growth. */
  readonly aggression: number | null;
  /** Percent of the full share at the start; null: Envoy's default. */
  readonly minimumPercent: number | null;
}

/** Weights from what endpoints report of their load; null means Envoy's default. */
export interface BackendUtilization {
  readonly kind: 'backend-utilization';
  readonly stabilizationPeriod: Milliseconds | null;
  readonly expirationPeriod: Milliseconds | null;
  readonly updatePeriod: Milliseconds | null;
  readonly errorPenaltyPercent: number | null;
  readonly metricNames: readonly string[];
}

/** How much of the average load an endpoint takes at most, in percent, before others take over; null: no limit. */
type BalanceFactor = number | null;

export type HashFunction = 'XX_HASH' | 'MURMUR_HASH_2';

/** What of an endpoint decides which keys are its own: its address, or what it is called wherever it runs. */
export type PlacedBy = 'address' | 'instance';

export type LbPolicy =
  | {
      readonly kind: 'least-request';
      readonly slowStart: SlowStart | null;
      /** Among how many endpoints, chosen by chance, the least busy one is looked for; or all; null: Envoy's default, 2. */
      readonly choiceCount: number | 'all' | null;
      /** How much requests under way count where weights differ, 0 not at all; null: Envoy's default, 1. */
      readonly activeRequestBias: number | null;
    }
  | { readonly kind: 'round-robin'; readonly slowStart: SlowStart | null }
  | { readonly kind: 'random' }
  /** To the address that the caller asked for. */
  | { readonly kind: 'passthrough' }
  | {
      readonly kind: 'ring-hash';
      /** Null: Envoy's default, 1024. */
      readonly minimumRingSize: number | null;
      /** Never below the minimum. Null: Envoy's default, 8388608. */
      readonly maximumRingSize: number | null;
      /** Null: Envoy's default, XX_HASH. */
      readonly hashFunction: HashFunction | null;
      readonly balanceFactor: BalanceFactor;
      readonly placedBy: PlacedBy;
    }
  /** Table size null: Envoy's default, 65537. */
  | {
      readonly kind: 'maglev';
      readonly tableSize: number | null;
      readonly balanceFactor: BalanceFactor;
      readonly placedBy: PlacedBy;
    }
  | BackendUtilization;

export interface CookieAttribute {
  readonly name: string;
  readonly value: string;
}

/** What of a request decides its endpoint under a hashing policy. */
export type HashKey =
  | { readonly kind: 'header'; readonly name: string }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      readonly path: string;
      /** Null: Envoy makes no cookie where there is none; 0: a session cookie. */
      readonly ttl: Milliseconds | null;
      readonly attributes: readonly CookieAttribute[];
    }
  | { readonly kind: 'query-parameter'; readonly name: string }
  /** False keeps the policy in the route but hashes nothing, as Istio does. */
  | { readonly kind: 'source-ip'; readonly enabled: boolean };

/** One of several keys. */
export interface HashStep {
  readonly key: HashKey;
  /** Whether the keys after it count only where none has been found yet. */
  readonly terminal: boolean;
}

/** What a rule says of balancing. */
export interface Balancing {
  readonly lb: LbPolicy;
  /** The first key. */
  readonly hash: HashKey | null;
  /** All keys, where there are more than one; else empty. */
  readonly hashSteps: readonly HashStep[];
  /** Null: the rule does not speak of places. */
  readonly locality: LocalitySetting | null;
  /** Where it is written; null: nowhere, it is the default. */
  readonly origin: Origin | null;
}

export type Hashing = Extract<LbPolicy, { readonly kind: 'ring-hash' | 'maglev' }>;

/** Whether a key of the request decides. */
export const isHashing = (lb: LbPolicy): lb is Hashing => lb.kind === 'ring-hash' || lb.kind === 'maglev';

export const oneKey: readonly HashStep[] = [];

/** All keys, in the order in which they are looked for. */
export function hashStepsOf({ hash, hashSteps }: Pick<Balancing, 'hash' | 'hashSteps'>): readonly HashStep[] {
  if (hashSteps.length > 0) return hashSteps;
  return hash === null ? oneKey : [{ key: hash, terminal: false }];
}

/** Where no rule says otherwise. */
const defaultLbPolicy: LbPolicy = {
  kind: 'least-request',
  slowStart: null,
  choiceCount: null,
  activeRequestBias: null,
};
export const defaultBalancing: Balancing = {
  lb: defaultLbPolicy,
  hash: null,
  hashSteps: oneKey,
  locality: null,
  origin: null,
};
