// What a client refuses of a response: the resource at fault goes back to its last good form, everything else flows on. A
// refusal that names nothing starts a search: halves of what had changed are sent one after the other until the one is
// found; in a route configuration halves of its virtual hosts. What was refused is not sent again on the stream.
import type { EncodedPart, XdsResource } from '../envoy/resource.ts';
import type { ResourceKind } from '../envoy/types.ts';
import { memo } from '../lib/memo.ts';
import { type Held, lastSent, type Refusal, type Refusals } from './due.ts';
import { type NameSet, nameSet, noNames } from './name-set.ts';
import { likeBefore } from './tables.ts';
import { composed, hostName, hostsByName, hostsOf, internForms, unavailable, underDomains } from './virtual-hosts.ts';

/** What is at fault in a refused response. */
export interface Culprit {
  readonly resource: XdsResource;
  /** The virtual host at fault in a route configuration; null: the resource as a whole. */
  readonly host: EncodedPart | null;
  /** The last form that the client had and did not refuse, or null. */
  readonly good: XdsResource | null;
}

/** To be sent once more, apart from other suspects: resources, or virtual hosts of a route configuration; or nothing. */
export interface Trial {
  readonly route: string | null;
  readonly names: NameSet;
}

/** A search for what is at fault. */
export interface Search {
  readonly trials: readonly Trial[];
  /** How many more trials may be refused before the search is given up. */
  readonly left: number;
}

/** How many refusals a search may meet. */
const mostRefusals = 256;
/** The same where a probe cannot tell whether the client takes anything: enough for one among 10,000. */
const fewRefusals = 16;

/** By route configuration and virtual host, the version of the host that was refused. */
export type RefusedHosts = ReadonlyMap<string, ReadonlyMap<string, string>>;
export const noRefusedHosts: RefusedHosts = new Map();
/** The last good forms of what is or was under suspicion; null: there is none. */
export type GoodForms = ReadonlyMap<string, XdsResource | null>;
export const noGoodForms: GoodForms = new Map();

/** How Envoy begins the list of what it refuses of a type; of what it does not list it has taken the rest. */
const lists: { readonly [K in ResourceKind]?: string } = {
  cluster: 'Error adding/updating cluster(s) ',
  listener: 'Error adding/updating listener(s) ',
};

/** The resources that Envoy's message lists, each as `name: reason`. */
export function listed(kind: ResourceKind, error: string, resources: readonly XdsResource[]): readonly XdsResource[] {
  const list = lists[kind];
  if (list === undefined || !error.startsWith(list)) return [];
  const entries = error.slice(list.length);
  return resources.filter(({ name }) =>
    ['', ', ', '\n'].some((before) =>
      before === '' ? entries.startsWith(`${name}: `) : entries.includes(`${before}${name}: `),
    ),
  );
}

/** Whether Envoy has cut the list. */
export const isCut = (error: string): boolean => error.endsWith('(truncated)');

/** The form that a name had before a response: what was under suspicion before keeps the form that it had then. */
export function goodForms(known: GoodForms, before: Held, resources: readonly XdsResource[]): GoodForms {
  const added = resources.flatMap(({ name, version }): [string, XdsResource | null][] => {
    if (known.has(name)) return [];
    const form = lastSent(before.table, before.except, name);
    return [[name, form?.version === version ? null : form]];
  });
  return added.length === 0 ? known : new Map([...known, ...added]);
}

/** What stands in for a virtual host that was refused. */
function standIn(host: EncodedPart, good: XdsResource | null): EncodedPart {
  const form = good === null ? undefined : hostsByName(good).get(hostName(host));
  return form === undefined ? unavailable(host) : underDomains(form, host);
}

/** The virtual hosts of a route configuration that could be at fault: those that have another form than the good one. */
export function suspectHosts(route: XdsResource, good: XdsResource | null): readonly EncodedPart[] {
  return hostsOf(route).filter((host) => standIn(host, good).version !== host.version);
}

/** What stands in for the refused virtual hosts of a route configuration, as far as they are in the form that was refused. */
function standIns(
  route: XdsResource,
  refused: ReadonlyMap<string, string>,
  good: XdsResource | null,
): readonly EncodedPart[] {
  return hostsOf(route).flatMap((host) => (refused.get(hostName(host)) === host.version ? [standIn(host, good)] : []));
}

/** Two halves. */
function halves(route: string | null, names: readonly string[]): readonly Trial[] {
  const middle = Math.ceil(names.length / 2);
  return [names.slice(0, middle), names.slice(middle)]
    .filter((half) => half.length > 0)
    .map((half) => ({ route, names: nameSet(half) }));
}

/** A response with nothing in it that was refused: whether the client takes anything at all. */
const probe: Trial = { route: null, names: noNames };

interface Searching {
  readonly search: Search | null;
  readonly acknowledged: string | null;
  /** The probe, as a full state, would take all that the client came with. */
  readonly holdsUnknown: boolean;
}

/** The search after a refusal of these names; null: it is given up. */
export function searched(
  { search, acknowledged, holdsUnknown }: Searching,
  route: string | null,
  names: readonly string[],
): Search | null {
  if (search === null) {
    if (holdsUnknown) return { trials: halves(route, names), left: fewRefusals };
    const first = acknowledged === null && route === null ? [probe] : [];
    return { trials: [...first, ...halves(route, names)], left: mostRefusals };
  }
  const left = spent(search);
  return left === null ? null : { ...left, trials: [...halves(route, names), ...search.trials] };
}

/** After something was taken: the client is one that can be asked. */
export function trusted(search: Search | null): Search | null {
  return search === null ? null : { ...search, left: mostRefusals };
}

/** After one more refusal; null: the search is given up. */
export function spent(search: Search | null): Search | null {
  return search === null || search.left <= 1 ? null : { ...search, left: search.left - 1 };
}

/** What a search that is given up leaves: all that was still to be tried lapses together. */
export function givenUp(refused: Refusals, names: Iterable<string>): Refusals {
  const response = {};
  const together = [...names].flatMap((name): [string, Refusal][] => {
    const refusal = refused.get(name);
    return refusal === undefined ? [] : [[name, { ...refusal, response }]];
  });
  return new Map([...refused, ...together]);
}

/** What stands aside until it changes, in a full state: its last good form, or nothing. */
export const resting = memo(
  (table: ReadonlyMap<string, XdsResource>, refused: Refusals, good: GoodForms): ReadonlyMap<string, XdsResource> => {
    if (![...refused].some(([name, { version }]) => table.get(name)?.version === version)) return table;
    const forms = [...table.values()].flatMap((resource): [string, XdsResource][] => {
      const isRefused = refused.get(resource.name)?.version === resource.version;
      const form = isRefused ? (good.get(resource.name) ?? null) : resource;
      return form === null ? [] : [[resource.name, form]];
    });
    return new Map(forms);
  },
);

/**
 * The table, but what the target lacks is as a client is known to hold it, or not there: what was never taken is named by
 * nothing, and may be refused.
 */
export const goneAsHeld = memo(
  (
    table: ReadonlyMap<string, XdsResource>,
    target: ReadonlyMap<string, XdsResource>,
    before: Held,
    good: GoodForms,
    confirmed: NameSet,
  ): ReadonlyMap<string, XdsResource> => {
    const known = (name: string): boolean => confirmed.has(name) || !before.except.has(name);
    const forms = [...table].flatMap(([name, resource]): [string, XdsResource][] => {
      if (target.has(name)) return [[name, resource]];
      const form = good.get(name) ?? (known(name) ? before.table.get(name) : null) ?? null;
      return form === null ? [] : [[name, form]];
    });
    return likeBefore(table, new Map(forms));
  },
);

/** Without what has changed since it was refused. */
export const stillRefused = memo((refused: RefusedHosts, table: ReadonlyMap<string, XdsResource>): RefusedHosts => {
  const left = [...refused].flatMap(([name, hosts]): [string, ReadonlyMap<string, string>][] => {
    const route = table.get(name);
    const current = route === undefined ? null : hostsByName(route);
    const kept = [...hosts].filter(([host, version]) => current?.get(host)?.version === version);
    return kept.length === 0 ? [] : [[name, kept.length === hosts.size ? hosts : new Map(kept)]];
  });
  if (left.length === 0) return noRefusedHosts;
  const same = left.length === refused.size && left.every(([name, hosts]) => refused.get(name) === hosts);
  return same ? refused : new Map(left);
});

/** Route configurations without the virtual hosts that were refused: others stand in for them. */
export const withStandIns = memo(
  (
    table: ReadonlyMap<string, XdsResource>,
    refused: RefusedHosts,
    good: GoodForms,
  ): ReadonlyMap<string, XdsResource> => {
    const forms = [...table.values()].map((route): [string, XdsResource] => {
      const hosts = refused.get(route.name);
      const forms = hosts === undefined ? [] : standIns(route, hosts, good.get(route.name) ?? null);
      return [route.name, forms.length === 0 ? route : composed(route, internForms(forms))];
    });
    return new Map(forms);
  },
);
