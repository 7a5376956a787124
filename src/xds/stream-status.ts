// What a stream's client has, for whoever asks.
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import type { WorkloadIdentity } from '../model/identity.ts';
import type { ProxyNode } from '../model/proxy.ts';
import { isInSync } from './removal.ts';
import type { Protocol } from './requests.ts';
import type { Session } from './session.ts';

/** What a stream's client has of one type. */
export interface TypeStatus {
  readonly kind: ResourceKind;
  /** Of the last response, and of the last one that was acknowledged. */
  readonly sent: string | null;
  readonly acknowledged: string | null;
  /** Whether the client has acknowledged all that it should have. */
  readonly synced: boolean;
  /** Why the client refused the last response that it answered, or null. */
  readonly error: string | null;
}

export interface StreamStatus {
  readonly node: ProxyNode;
  /** Of the proxy's certificate; null on plain text. */
  readonly identity: WorkloadIdentity | null;
  readonly protocol: Protocol;
  /** The types that were asked for. */
  readonly types: readonly TypeStatus[];
}

/** Nothing before the proxy has introduced itself. */
export function statusOf({ node, identity, state }: Session): readonly StreamStatus[] {
  if (node === null) return [];
  const types = resourceKinds.flatMap((kind): TypeStatus[] => {
    const subscription = state.subscriptions[kind];
    const { wanted, inFlight, acknowledged, error } = subscription;
    if (wanted === null) return [];
    const synced = isInSync(state, kind);
    return [{ kind, sent: inFlight?.version ?? acknowledged, acknowledged, synced, error }];
  });
  return [{ node, identity, protocol: state.options.protocol, types }];
}
