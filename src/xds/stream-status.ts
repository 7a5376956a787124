// What the client of a stream has, type by type and resource by resource: for those who ask, the reducers do not need it.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import type { WorkloadIdentity } from '../model/identity.ts';
import type { ProxyNode } from '../model/proxy.ts';
import { heldVersion, type Wanted } from './due.ts';
import type { GatedKind } from './gate.ts';
import { noNames } from './name-set.ts';
import { isInSync, isWithheld } from './removal.ts';
import type { Protocol } from './requests.ts';
import type { StreamState } from './stream-state.ts';
import type { Subscription } from './subscription.ts';
import { emptyTable } from './tables.ts';

/**
 * Of a type: `refused`: the client said no to its last response; `held`: something waits for clusters to be acknowledged;
 * `stale`: the client has not acknowledged all that it should have.
 */
export type SyncState = 'synced' | 'stale' | 'refused' | 'held' | 'not sent';

/** What a stream's client has of one type. */
export interface TypeStatus {
  readonly kind: ResourceKind;
  readonly state: SyncState;
  /** Of the last response, and of the last one that was acknowledged. */
  readonly sent: string | null;
  readonly acknowledged: string | null;
  /** Of the last response. */
  readonly nonce: string | null;
  /** Whether the client has acknowledged all that it should have. */
  readonly synced: boolean;
  /** Why the client refused the last response that it answered, or null. */
  readonly error: string | null;
  /** When the client last refused a response, or null. */
  readonly refusedAt: Date | null;
  /** How many resources the client should have. */
  readonly resources: number;
  /** What waits for clusters to be acknowledged: listeners, or `route configuration/virtual host`. */
  readonly held: readonly string[];
}

export interface StreamStatus {
  readonly node: ProxyNode;
  /** Of the proxy's certificate; null on plain text. */
  readonly identity: WorkloadIdentity | null;
  readonly protocol: Protocol;
  readonly connectedAt: Date;
  /** The types that were asked for. */
  readonly types: readonly TypeStatus[];
  /** The resources of a type that the client should have, or has asked for by name. */
  resources(kind: ResourceKind): readonly ResourceStatus[];
}

export interface ResourceStatus {
  readonly name: string;
  /** `synced`: acknowledged; `sent`: not answered yet; `waiting`: to be sent; `absent`: asked for, and not there. */
  readonly state: 'synced' | 'sent' | 'waiting' | 'refused' | 'absent';
  /** As it was sent or, where it was not, as it would be; null: it is absent, or has no form that was not refused. */
  readonly resource: XdsResource | null;
}

/** What a session knows of its stream. */
export interface StreamFacts {
  /** Null: it has not introduced itself. */
  readonly node: ProxyNode | null;
  readonly caller: { readonly identity: WorkloadIdentity | null };
  readonly state: StreamState;
  readonly nonces: { last(kind: ResourceKind): string | null };
  readonly connectedAt: Date;
  readonly refusedAt: ReadonlyMap<ResourceKind, Date>;
}

/** Nothing before the proxy has introduced itself. */
export function statusOf(facts: StreamFacts): readonly StreamStatus[] {
  const { node, caller, state, connectedAt } = facts;
  if (node === null) return [];
  return [
    {
      node,
      identity: caller.identity,
      protocol: state.options.protocol,
      connectedAt,
      types: resourceKinds.flatMap((kind) => typeStatus(facts, kind)),
      resources: (kind) => resourceStatuses(state, kind),
    },
  ];
}

function typeStatus({ state, nonces, refusedAt }: StreamFacts, kind: ResourceKind): readonly TypeStatus[] {
  const { wanted, target, inFlight, acknowledged, error } = state.subscriptions[kind];
  if (wanted === null) return [];
  const held = kind in state.held ? [...state.held[kind as GatedKind]] : [];
  return [
    {
      kind,
      state: syncState(state, kind),
      sent: inFlight?.version ?? acknowledged,
      acknowledged,
      nonce: nonces.last(kind),
      synced: isInSync(state, kind),
      error,
      refusedAt: refusedAt.get(kind) ?? null,
      resources: countWanted(wanted, target ?? emptyTable),
      held,
    },
  ];
}

function syncState(state: StreamState, kind: ResourceKind): SyncState {
  const { error, refused, refusedHosts, nonce } = state.subscriptions[kind];
  if (error !== null || refused.size > 0 || refusedHosts.size > 0 || isWithheld(state, kind)) return 'refused';
  if (kind in state.held && state.held[kind as GatedKind].size > 0) return 'held';
  if (isInSync(state, kind)) return 'synced';
  return nonce === null ? 'not sent' : 'stale';
}

function countWanted({ wildcard, names }: Wanted, table: ResourceTable): number {
  return wildcard ? table.size : [...names].filter((name) => table.has(name)).length;
}

function resourceStatuses({ subscriptions, latest }: StreamState, kind: ResourceKind): readonly ResourceStatus[] {
  const { [kind]: subscription } = subscriptions;
  const { wanted, waiting } = subscription;
  if (wanted === null) return [];
  const target = subscription.target ?? emptyTable;
  const withheld = latest?.withheld?.[kind] ?? noNames;
  const all = [...target.keys(), ...waiting, ...withheld, ...wanted.names];
  const names = wanted.wildcard ? new Set(all) : wanted.names;
  return [...names].map((name) => {
    const resource = target.get(name) ?? latest?.[kind].get(name) ?? null;
    if (resource !== null) return { name, state: resourceState(subscription, resource), resource };
    return { name, state: withheld.has(name) ? 'refused' : 'absent', resource };
  });
}

function resourceState(subscription: Subscription, { name, version }: XdsResource): ResourceStatus['state'] {
  const { held, refused, inFlight } = subscription;
  if (refused.get(name)?.version === version) return 'refused';
  if (heldVersion(held.table, held.except, name) !== version) return 'waiting';
  return inFlight?.names.has(name) === true ? 'sent' : 'synced';
}
