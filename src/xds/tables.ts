// What differs between two tables of resources. Computed once per pair of tables: all streams of a group share it.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import { touchedKeys } from '../lib/layered-map.ts';
import { memo } from '../lib/memo.ts';
import { type NameSet, nameSet } from './name-set.ts';

export const emptyTable: ResourceTable = new Map();

export interface TableDifference {
  /** Resources of the later table that the earlier one has not, or has as another object. */
  readonly differing: readonly XdsResource[];
  /** Names that only the earlier table has. */
  readonly gone: readonly string[];
}

export const difference = memo((before: ResourceTable, after: ResourceTable): TableDifference => {
  if (before === after) return { differing: [], gone: [] };
  const touched = touchedKeys(before, after);
  if (touched !== null)
    return { differing: [...touched].flatMap((name) => differingAt(before, after, name)), gone: [] };
  return {
    differing: [...after.values()].filter((resource) => before.get(resource.name) !== resource),
    gone: [...before.keys()].filter((name) => !after.has(name)),
  };
});

function differingAt(before: ResourceTable, after: ResourceTable, name: string): readonly XdsResource[] {
  const resource = after.get(name);
  return resource === undefined || before.get(name) === resource ? [] : [resource];
}

/** `after`, and these names as `before` has them: what a client holds that was sent all but their removal. */
export const keepGone = memo((before: ResourceTable, after: ResourceTable, names: readonly string[]): ResourceTable => {
  const kept = names.flatMap((name) => before.get(name) ?? []);
  return kept.length === 0 ? after : new Map([...after, ...kept.map((resource) => [resource.name, resource] as const)]);
});

/** All resources of a table. */
export const everything = memo((table: ResourceTable): readonly XdsResource[] => [...table.values()]);

/** The resources of these names, as far as the table has them. */
export const chosen = memo((table: ResourceTable, names: NameSet): readonly XdsResource[] => {
  return [...names].flatMap((name) => table.get(name) ?? []);
});

/** `before` itself where `after` has the same resources: what is computed from a table then stays as well. */
export function likeBefore(before: ResourceTable, after: ResourceTable): ResourceTable {
  if (before.size !== after.size) return after;
  const touched = touchedKeys(before, after);
  if (touched !== null) return difference(before, after).differing.length === 0 ? before : after;
  for (const [name, resource] of after) if (before.get(name) !== resource) return after;
  return before;
}

/** `after`, and those of the names that only `before` has: what something that is held back still names. */
export const keepNamed = memo((before: ResourceTable, after: ResourceTable, names: NameSet): ResourceTable => {
  const kept = [...names].flatMap((name) => (after.has(name) ? [] : (before.get(name) ?? [])));
  if (kept.length === 0) return after;
  return likeBefore(before, new Map([...after, ...kept.map((resource) => [resource.name, resource] as const)]));
});

/** Whether one of them has a time to live. */
export const haveTime = memo((resources: readonly XdsResource[]) => resources.some(({ ttl }) => ttl !== undefined));

/** Throws where a name is in it twice: such a response is a fault of ours, which no client must see. */
export const namesIn = memo((resources: readonly XdsResource[], removed: readonly string[]): NameSet => {
  const names = nameSet([...resources.map((resource) => resource.name), ...removed]);
  if (names.size !== resources.length + removed.length) throw new Error('a response has a name twice');
  return names;
});
