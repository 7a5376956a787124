// Make before break: which form of its listeners and routes a client may have while clusters that they name are not yet
// acknowledged. Pure, and computed once for all streams that are in the same state.
//
// Invariant: what comes out names only clusters that the client has acknowledged, or is what it was sent before.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { memo } from '../lib/memo.ts';
import { type Exceptions, lastSent, type Wanted, wants } from './due.ts';
import { type NameSet, nameSet, noNames } from './name-set.ts';
import { clustersOfHost, clustersOfListener, clustersOfShell } from './references.ts';
import { likeBefore } from './tables.ts';
import { composed, hostName, hostsByName, hostsOf, internForms, unavailable, underDomains } from './virtual-hosts.ts';

export type GatedKind = 'listener' | 'route';

interface Holding {
  readonly resource: string;
  /** What is held of it, for people: a listener, or `route configuration/virtual host`. */
  readonly name: string;
  /** The clusters that the form names at which it is held. */
  readonly clusters: readonly string[];
}

export interface Gate {
  /** What the client should have for now; null: nothing can be said yet, and it keeps what it has. */
  readonly table: ResourceTable | null;
  /** What is left out of the table until its clusters are acknowledged, though it is there. */
  readonly waiting: NameSet;
  readonly held: readonly Holding[];
}

/** Holds nothing back. */
export const openGate = memo((table: ResourceTable): Gate => ({ table, waiting: noNames, held: [] }));

/** Holds everything back. */
export const closedGate = memo((table: ResourceTable): Gate => {
  const held = [...table.keys()].map((name) => ({ resource: name, name, clusters: [] }));
  return { table: null, waiting: noNames, held };
});

/** The names of what is held of that which the client wants. */
export const heldNames = memo((gate: Gate, wanted: Wanted): NameSet => {
  if (gate.held.length === 0) return noNames;
  return nameSet(gate.held.filter(({ resource }) => wants(wanted, resource)).map(({ name }) => name));
});

/** The clusters that what is held of it still names. */
export const heldClusters = memo((gate: Gate, wanted: Wanted): NameSet => {
  if (gate.held.length === 0) return noNames;
  return nameSet(gate.held.filter(({ resource }) => wants(wanted, resource)).flatMap(({ clusters }) => clusters));
});

interface Passed {
  /** Null: nothing of it yet. */
  readonly form: XdsResource | null;
  readonly held: readonly Holding[];
}

interface Situation {
  /** The names of the clusters that the client has acknowledged. */
  readonly confirmed: NameSet;
  /** The names of the clusters that it will be sent. */
  readonly coming: NameSet;
  /** What it was sent last on this stream, or null. */
  readonly last: XdsResource | null;
  readonly overdue: boolean;
}

const covers = (confirmed: NameSet, clusters: readonly string[]): boolean =>
  clusters.every((name) => confirmed.has(name));

/** As it is, or not at all for now. */
function whole(resource: XdsResource, last: XdsResource | null, clusters: readonly string[]): Passed {
  return { form: last, held: [{ resource: resource.name, name: resource.name, clusters }] };
}

function passListener(listener: XdsResource, { confirmed, last }: Situation): Passed {
  if (covers(confirmed, clustersOfListener(listener))) return { form: listener, held: [] };
  return whole(listener, last, last === null ? [] : clustersOfListener(last));
}

/**
 * A route configuration goes out without those of its virtual hosts that have to wait: these keep their last form. One
 * of which nothing was sent yet waits for all its clusters, as long as that is not overdue.
 */
function passRoute(route: XdsResource, { confirmed, coming, last, overdue }: Situation): Passed {
  if (!covers(confirmed, clustersOfShell(route))) return whole(route, last, last === null ? [] : clustersOfRoute(last));
  const cold = hostsOf(route).filter((host) => !covers(confirmed, clustersOfHost(host)));
  if (cold.length === 0) return { form: route, held: [] };
  const before = last === null ? null : hostsByName(last);
  const forms = cold.map((host) => {
    const form = before?.get(hostName(host));
    return form === undefined ? unavailable(host) : underDomains(form, host);
  });
  const held = forms.map((form) => ({
    resource: route.name,
    name: `${route.name}/${hostName(form)}`,
    clusters: clustersOfHost(form),
  }));
  const worthwhile = cold.some((host) => clustersOfHost(host).some((name) => coming.has(name) && !confirmed.has(name)));
  const waits = last === null && worthwhile && !overdue;
  return { form: waits ? null : composed(route, internForms(forms)), held };
}

const clustersOfRoute = memo((route: XdsResource): readonly string[] => [
  ...clustersOfShell(route),
  ...hostsOf(route).flatMap(clustersOfHost),
]);

/** The names of the clusters that a client has acknowledged, and of those that it will be sent. */
interface Clusters {
  readonly confirmed: NameSet;
  readonly coming: NameSet;
}
export const clustersKnown = memo((confirmed: NameSet, coming: NameSet): Clusters => ({ confirmed, coming }));

function gateOf(pass: (resource: XdsResource, situation: Situation) => Passed) {
  return memo(
    (
      target: ResourceTable,
      { confirmed, coming }: Clusters,
      sent: ResourceTable,
      except: Exceptions,
      overdue: boolean,
    ): Gate => {
      const table = new Map<string, XdsResource>();
      const passed: Passed[] = [];
      const waiting: string[] = [];
      for (const [name, resource] of target) {
        const result = pass(resource, { confirmed, coming, last: lastSent(sent, except, name), overdue });
        if (result.held.length > 0) passed.push(result);
        if (result.form === null) waiting.push(name);
        else table.set(name, result.form);
      }
      if (passed.length === 0) return openGate(target);
      const held = passed.flatMap((one) => one.held);
      return { table: likeBefore(sent, table), waiting: nameSet(waiting), held };
    },
  );
}

/**
 * From what the client should have: what it may have, given the names of the clusters that it has acknowledged and what
 * it was sent before. `overdue`: a route configuration that was never sent does not wait any longer; the virtual hosts
 * whose clusters are missing answer 503.
 */
export const gates = { listener: gateOf(passListener), route: gateOf(passRoute) } as const;
