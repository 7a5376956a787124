// What happens on the server's streams, for the log: names of proxies and counts, never the content of a resource.
import type { ResourceKind } from '../envoy/types.ts';
import type { WorkloadIdentity } from '../model/identity.ts';
import type { Protocol } from './requests.ts';
import type { Note } from './stream.ts';

export type XdsEvent = {
  /** The node id; null as long as the proxy has not said who it is. */
  readonly node: string | null;
  /** Null: not a stream of ADS. */
  readonly protocol: Protocol | null;
} & (
  | { readonly kind: 'connected' }
  | { readonly kind: 'subscribed'; readonly type: ResourceKind; readonly names: number; readonly wildcard: boolean }
  | {
      readonly kind: 'pushed';
      /** Null: the answer to a request for an unknown type. */
      readonly type: ResourceKind | null;
      readonly resources: number;
      readonly removed: number;
      readonly bytes: number;
      /** From the event that asked for it to the transport, in milliseconds. */
      readonly took: number;
    }
  /** The proxy has acknowledged all that a change brought it: so many milliseconds after the change. */
  | { readonly kind: 'converged'; readonly after: number }
  /** `stale`: the answer to a response that is not the last one. */
  | { readonly kind: 'acknowledged' | 'refused' | 'stale'; readonly type: ResourceKind }
  | {
      /** Waits for longer than the deadline for the proxy to acknowledge clusters. */
      readonly kind: 'held';
      readonly type: ResourceKind;
      readonly count: number;
      /** Listeners, or `route configuration/virtual host`; at most 20. */
      readonly names: readonly string[];
    }
  | { readonly kind: 'unknownType' }
  /** Asks for listeners and not for clusters: it has forgotten to, and is made to start anew, once. */
  | { readonly kind: 'clusterless' }
  /** A connection or a stream was not taken, or is no longer. */
  | ({ readonly kind: 'rejected' } & Rejection)
  /** The client asks too often; it is read again later. */
  | { readonly kind: 'throttled' }
  /** The client takes nothing of what it is sent, and is closed. */
  | { readonly kind: 'stalled' }
  /** A fault of ours, which ended the stream. */
  | { readonly kind: 'fault'; readonly error: unknown }
  | { readonly kind: 'closed'; readonly reason: string }
);

export interface Rejection {
  /** One of a short list of ours. */
  readonly reason: string;
  /** Of the client; null: it is not known. */
  readonly address: string | null;
  /** What the client was told, or what was wrong with what it sent; null: the reason says it all. */
  readonly detail: string | null;
  /** Who the client said it was, though by its identity it may not be. */
  readonly claimed?: Claim;
}

export interface Claim {
  readonly node: string;
  /** Null: the client has shown none. */
  readonly identity: WorkloadIdentity | null;
}

/** How many names an event has at most. */
const mostTold = 20;

/** What an event says of a note of the reducer. */
export function told(note: Note) {
  if (note.kind === 'answered') return { kind: note.answer, type: note.type };
  if (note.kind !== 'held') return note;
  return { kind: note.kind, type: note.type, count: note.names.size, names: [...note.names].slice(0, mostTold) };
}
