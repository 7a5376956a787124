// What the server can be set to: times and bounds, and what holds where nothing is said.

import type { FullSpacing } from './stream-state.ts';

/** All in milliseconds. */
export interface XdsTimers {
  /** After how long without an answer a response may be overtaken by a newer one. */
  readonly supersedeAfter: number;
  readonly fullSpacing: FullSpacing;
  /** How long a removal waits at most for other types to be acknowledged. */
  readonly removalDeadline: number;
  /** After how long it is reported that listeners or routes wait for clusters to be acknowledged. */
  readonly gateDeadline: number;
  /** How long a cluster stays after the last route that named it. */
  readonly drain: number;
  /** Of a TLS handshake. */
  readonly handshake: number;
  /** Until a connection without a stream is closed. */
  readonly idleConnection: number;
  /** Until a stream's first request has to be there. */
  readonly firstRequest: number;
  /** From the first byte of a request to its last. */
  readonly wholeRequest: number;
  /** How long a client may take nothing of what it is sent. */
  readonly write: number;
  /** How often a connection is asked whether it lives, and how long it may take to answer. */
  readonly keepalive: number;
  readonly keepaliveAnswer: number;
  /** How often it is judged again whether those who are connected over TLS would still be let in. */
  readonly judge: number;
  /** How long a stream may wait for its turn to be brought up to date, and how long its turn lasts at most. */
  readonly admissionWait: number;
  readonly syncTurn: number;
  /** How long a proxy that holds something unknown waits for this replica to catch up with others. */
  readonly catchUp: number;
  /** How old a stream becomes, give or take a tenth: its proxy then connects anew, perhaps to another replica. */
  readonly streamAge: number;
  /** Over how long at most the ends of the streams are spread when the server stops or trusts other clients, */
  readonly closeSpread: number;
  /** and how long it then waits for them to end. */
  readonly closeGrace: number;
}

export const defaultTimers: XdsTimers = {
  supersedeAfter: 2_000,
  fullSpacing: { free: 500, each: 4 },
  removalDeadline: 5_000,
  gateDeadline: 5_000,
  drain: 1_000,
  handshake: 10_000,
  idleConnection: 30_000,
  firstRequest: 10_000,
  wholeRequest: 30_000,
  write: 60_000,
  keepalive: 30_000,
  keepaliveAnswer: 10_000,
  judge: 30_000,
  admissionWait: 30_000,
  syncTurn: 2_000,
  catchUp: 5_000,
  streamAge: 12 * 3_600_000,
  closeSpread: 10_000,
  closeGrace: 3_000,
};

/** How much of everything one server has. */
export interface XdsLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly streamsPerConnection: number;
  /** How many streams are brought up to date at the same time, and how many may wait for that. */
  readonly syncing: number;
  readonly waiting: number;
  /** Requests of one stream: how many at once, and how many a second for long. */
  readonly requestBurst: number;
  readonly requestsPerSecond: number;
  /** The share of the heap's limit from which on no stream is taken. */
  readonly heapShare: number;
}

export const defaultLimits: XdsLimits = {
  connections: 20_000,
  connectionsPerAddress: 4_096,
  streamsPerConnection: 256,
  syncing: 64,
  waiting: 10_000,
  requestBurst: 1_000,
  requestsPerSecond: 100,
  heapShare: 0.85,
};
