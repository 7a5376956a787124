// What checks look at: the objects, the mesh that they mean, and indexes over both, each made when a check first asks.
import type { TypedObjects } from '../../crds/index.ts';
import type { Pod } from '../../crds/pod.ts';
import type { Service } from '../../crds/service.ts';
import { lazy } from '../../lib/memo.ts';
import { type Labels, matches } from '../../model/endpoint.ts';
import type { Mesh } from '../../model/mesh.ts';
import { type ObjectSet, objectName } from '../../model/object.ts';
import type { Origin } from '../../model/origin.ts';
import { patternsOf } from '../../translate/resolve/policies.ts';
import { type Target, targetsOf } from './targets.ts';

/** Something that a check has found. */
export interface Found {
  readonly origin: Origin;
  readonly message: string;
}

/** What one check finds; of the same place it may say several things, which become one. */
export type Finder = (facts: Facts) => Iterable<Found>;

export interface Facts {
  readonly objects: ObjectSet;
  readonly typed: TypedObjects;
  readonly mesh: Mesh;
  /** Services by host; the younger of two with one host is not there. */
  readonly services: ReadonlyMap<string, Service>;
  /** All that has a DestinationRule: ports of services, whole and by subset. */
  readonly targets: () => readonly Target[];
  /** The services that a host of a rule covers; it may be a wildcard. */
  readonly covered: (host: string) => readonly Service[];
  /** Namespaces in which there is anything. */
  readonly namespaces: () => ReadonlySet<string>;
  /** The Pods of the namespace, null: of any, with all these labels. */
  readonly podsWith: (namespace: string | null, labels: Labels) => readonly Pod[];
  readonly podsIn: (namespace: string) => readonly Pod[];
}

export function factsOf(objects: ObjectSet, typed: TypedObjects, mesh: Mesh): Facts {
  const services = new Map(typed.services.map((service) => [service.host, service] as const));
  const byPattern = lazy(() => index(services.values(), ({ host }) => patternsOf(host)));
  const pods = lazy(() => Map.groupBy(typed.pods, ({ namespace }) => namespace));
  const byLabel = lazy(() => index(typed.pods, ({ labels }) => [...labels].map(labelKey)));
  const podsIn = (namespace: string): readonly Pod[] => pods().get(namespace) ?? [];
  return {
    objects,
    typed,
    mesh,
    services,
    targets: lazy(() => targetsOf(mesh)),
    covered: (host) => byPattern().get(host) ?? [],
    namespaces: lazy(() => namespacesOf(objects)),
    podsIn,
    podsWith: (namespace, labels) => {
      if (labels.size === 0) return namespace === null ? typed.pods : podsIn(namespace);
      const lists = [...labels].map((label) => byLabel().get(labelKey(label)) ?? []);
      const shortest = lists.reduce((best, list) => (list.length < best.length ? list : best));
      const isThere = (pod: Pod): boolean => namespace === null || pod.namespace === namespace;
      return shortest.filter((pod) => isThere(pod) && matches(labels, pod.labels));
    },
  };
}

const labelKey = ([key, value]: readonly [string, string]): string => `${key}\0${value}`;

function index<T>(items: Iterable<T>, keysOf: (item: T) => readonly string[]): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keysOf(item)) {
      const list = found.get(key);
      if (list === undefined) found.set(key, [item]);
      else list.push(item);
    }
  }
  return found;
}

function namespacesOf(objects: ObjectSet): ReadonlySet<string> {
  const names = new Set<string>();
  for (const id of objects.keys()) {
    const { group, kind, namespace, name } = objectName(id);
    names.add(group === '' && kind === 'Namespace' ? name : namespace);
  }
  return names;
}
