// What every subscription of a stream aims at after an event: clusters and endpoints at the newest snapshot, listeners and
// routes as far as the client has acknowledged the clusters that they name.
import { type ResourceTable, resource } from '../envoy/resource.ts';
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import { memo } from '../lib/memo.ts';
import { broughtBack, clustersWait } from './comeback.ts';
import { type Wanted, wants } from './due.ts';
import {
  closedGate,
  clustersKnown,
  type Gate,
  type GatedKind,
  gates,
  heldClusters,
  heldNames,
  openGate,
} from './gate.ts';
import { common, type NameSet, nameSet, noNames, unite, without } from './name-set.ts';
import { referencesOf } from './references.ts';
import { stillRefused, withStandIns } from './refusal.ts';
import { pursue } from './refusing.ts';
import { fullKinds, hasRemovals, isLast, removedNames, takesUnknown } from './removal.ts';
import type { Snapshot } from './snapshot.ts';
import { noneHeld, type StreamState, withSubscription } from './stream-state.ts';
import { aim, catchUp, hasNews, isFullState, type Subscription } from './subscription.ts';
import { everything, keepNamed } from './tables.ts';

/** Aims every subscription at what it may have now, and keeps the clocks of what is held back. */
export function settle(before: StreamState, now: number): StreamState {
  const { latest, subscriptions } = before;
  if (latest === null) return before;
  const brought = broughtBack(before);
  const isAhead = brought === null && hasNews(aim(subscriptions.cluster, latest.cluster), false);
  const routed = isAhead ? before.routed : latest;
  const overdue = before.heldSince !== null && now - before.heldSince >= before.options.gateDeadline;
  const listener = gateFor(before, { routed, brought }, 'listener', overdue);
  const route = gateFor(before, { routed, brought }, 'route', overdue);
  const named = unite(
    ofWanted(subscriptions.listener, listener, heldClusters),
    ofWanted(subscriptions.route, route, heldClusters),
  );
  let state = aimClusters({ ...before, routed }, latest, named);
  for (const gate of [
    { kind: 'listener', ...listener },
    { kind: 'route', ...route },
  ] as const) {
    state = withSubscription(
      state,
      pursue(state.subscriptions[gate.kind], (subscription) =>
        catchUp(aimGated(subscription, gate, withheld(latest, gate.kind))),
      ),
    );
  }
  return withClocks(withHeld(state, { listener, route }, { now, overdue }), now);
}

/** Only who asks for all clusters can wait for them: others learn from the routes which clusters to ask for. */
function gateFor(
  { subscriptions, latest }: StreamState,
  { routed, brought }: { readonly routed: Snapshot | null; readonly brought: NameSet | null },
  kind: GatedKind,
  overdue: boolean,
): Gate {
  const { cluster, [kind]: subscription } = subscriptions;
  const { wanted, held, returning, nonce } = subscription;
  if (wanted === null || routed === null) return nothing;
  if (cluster.wanted?.wildcard !== true) return openGate(routed[kind]);
  // What it holds is not known, and may be better than all that can be sent before it has told its clusters.
  if (returning && cluster.acknowledged === null && brought === null) return closedGate(routed[kind]);
  const clusters =
    brought === null
      ? clustersKnown(lasting(cluster, latest), coming(cluster, latest))
      : clustersKnown(brought, brought);
  const gate = gates[kind](routed[kind], clusters, held.table, held.except, overdue);
  // A full state that leaves out what waits would remove it.
  const first = isFullState(subscription) && nonce === null;
  const waits = [...gate.waiting].some((name) => wants(wanted, name));
  return first && waits && !overdue ? closedGate(routed[kind]) : gate;
}

/** The clusters that the client has acknowledged, and that are to stay. */
function lasting({ confirmed }: Subscription, latest: Snapshot | null): NameSet {
  return latest === null ? noNames : common(confirmed, unite(namesOf(latest.cluster), withheld(latest, 'cluster')));
}

/** The clusters that the client is sent, but for what it has refused. */
function coming({ refused }: Subscription, latest: Snapshot | null): NameSet {
  if (latest === null) return noNames;
  const all = namesOf(latest.cluster);
  return refused.size === 0 ? all : without(all, nameSet(refused.keys()));
}

const withheld = ({ withheld: names }: Snapshot, kind: ResourceKind): NameSet => names?.[kind] ?? noNames;

const namesOf = memo((table: ResourceTable): NameSet => nameSet(table.keys()));

const nothing: Gate = { table: null, waiting: noNames, held: [] };

function aimGated(subscription: Subscription, { table, waiting }: Gate, keeps: NameSet): Subscription {
  const { refusedHosts, good } = subscription;
  const all = unite(waiting, keeps);
  if (table === null || refusedHosts.size === 0) return aim(subscription, table, all);
  const refused = stillRefused(refusedHosts, table);
  return aim({ ...subscription, refusedHosts: refused }, withStandIns(table, refused, good), all);
}

/** Clusters that are still named by what is held back stay, and their endpoints with them. */
function aimClusters(before: StreamState, latest: Snapshot, named: NameSet): StreamState {
  const { cluster, endpoint } = before.subscriptions;
  const clusters = keepNamed(cluster.held.table, latest.cluster, named);
  const endpoints = keepNamed(endpoint.held.table, latest.endpoint, referencesOf(onlyIn(clusters, latest.cluster)));
  const state = withSubscription(
    before,
    pursue(cluster, (subscription) => catchUp(aim(subscription, clusters, withheld(latest, 'cluster')))),
  );
  const unknown = without(unknownEndpoints(state, endpoints), withheld(latest, 'endpoint'));
  const all = withEmpty(endpoints, unknown);
  return withSubscription(
    state,
    pursue(endpoint, (subscription) => catchUp(aim(subscription, all, withheld(latest, 'endpoint')))),
  );
}

const onlyIn = memo((table: ResourceTable, other: ResourceTable) =>
  table === other ? [] : everything(table).filter(({ name }) => !other.has(name)),
);

/**
 * The endpoints that a SotW client waits for and that are not there, as far as it may have their cluster: Envoy would
 * wait for them for ever. In delta it is told that they are not there. Who comes back may still send requests to a cluster
 * that has gone: it keeps its endpoints until it is told that the cluster is gone.
 */
function unknownEndpoints({ subscriptions: { cluster, endpoint } }: StreamState, table: ResourceTable): NameSet {
  if (endpoint.protocol === 'delta' || endpoint.wanted === null || cluster.wanted === null) return noNames;
  const missing = missingIn(endpoint.wanted.names, table);
  if (cluster.acknowledged === null) return endpoint.returning ? noNames : missing;
  return common(missing, referencesOf(everything(cluster.held.table)));
}

const missingIn = memo((names: NameSet, table: ResourceTable): NameSet => {
  return nameSet([...names].filter((name) => !table.has(name)));
});

/** The table, and an empty ClusterLoadAssignment for each of the names. */
const withEmpty = memo((table: ResourceTable, names: NameSet): ResourceTable => {
  if (names.size === 0) return table;
  const empty = [...names].map((name) => [name, resource('endpoint', name, { cluster_name: name }, [])] as const);
  return new Map([...table, ...empty]);
});

function withHeld(
  state: StreamState,
  held: { readonly [K in GatedKind]: Gate },
  { now, overdue }: { readonly now: number; readonly overdue: boolean },
): StreamState {
  const names = (kind: GatedKind): NameSet => ofWanted(state.subscriptions[kind], held[kind], heldNames);
  const [listener, route] = [names('listener'), names('route')];
  if (listener.size + route.size === 0) {
    if (state.heldSince === null) return state;
    return { ...state, held: noneHeld, heldSince: null, reported: noneHeld };
  }
  const all = { listener, route };
  return { ...state, held: all, heldSince: state.heldSince ?? now, reported: overdue ? all : noneHeld };
}

const ofWanted = ({ wanted }: Subscription, gate: Gate, choose: (gate: Gate, wanted: Wanted) => NameSet): NameSet =>
  wanted === null ? noNames : choose(gate, wanted);

/** How many deadlines removals are put off at most because others follow them. */
const mostRounds = 4;

/** The deadline of a removal is not shortened by those before it: with each new one the clock starts again, but not for ever. */
function removalClocks(state: StreamState, kinds: readonly ResourceKind[], now: number) {
  if (kinds.length === 0) return { removalsSince: null, removals: null };
  const { removals: before, removalsSince, options } = state;
  const names = nameSet(kinds.flatMap((kind) => removedNames(state, kind)));
  const first = before?.first ?? now;
  const renewed = before !== null && without(names, before.names).size > 0;
  const patient = now - first < mostRounds * options.removalDeadline;
  return { removalsSince: renewed && patient ? now : (removalsSince ?? now), removals: { first, names } };
}

function isClusterless({ options, subscriptions: { cluster, listener } }: StreamState): boolean {
  return options.protocol === 'delta' && cluster.wanted === null && listener.wanted?.wildcard === true;
}

const isPutOff = (state: StreamState): boolean =>
  clustersWait(state) > 0 || fullKinds.some((kind) => takesUnknown(state, kind));

function withClocks(state: StreamState, now: number): StreamState {
  const waiting = resourceKinds.filter((kind) => hasRemovals(state, kind) && !isLast(state, kind));
  const draining = hasRemovals(state, 'cluster') && isLast(state, 'cluster');
  const clusterlessSince = isClusterless(state) ? (state.clusterlessSince ?? now) : null;
  return {
    ...state,
    ...removalClocks(state, waiting, now),
    drainSince: draining ? (state.drainSince ?? now) : null,
    clusterlessSince,
    clusterlessLate: clusterlessSince !== null && now - clusterlessSince >= state.options.gateDeadline,
    sparingSince: isPutOff(state) ? (state.sparingSince ?? now) : null,
  };
}
