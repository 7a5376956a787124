// To whom objects are exported that do not say so: that is for the mesh to say.
import type { ServiceEntry } from '../../crds/service-entry/service-entry.ts';
import { exportedByDefault, exportedTo } from '../../crds/values/host.ts';
import { memo } from '../../lib/memo.ts';

interface Exported {
  readonly namespace: string;
  readonly exportTo: ReadonlySet<string>;
}

const withExport = memo(
  (object: Exported, names: readonly string[]): Exported => ({
    ...object,
    exportTo: exportedTo(names, object.namespace),
  }),
);

const exported = memo((objects: readonly Exported[], names: readonly string[]): readonly Exported[] =>
  objects.map((each) => (each.exportTo === exportedByDefault ? withExport(each, names) : each)),
);

const isEverywhere = (names: readonly string[]): boolean => names.length === 1 && names[0] === '*';

/** The objects with the mesh's default where they say nothing; the same list where that is everywhere. */
export function withExports<T extends Exported>(objects: readonly T[], names: readonly string[]): readonly T[] {
  return isEverywhere(names) ? objects : (exported(objects, names) as readonly T[]);
}

const entryExported = memo(
  ({ services }: ServiceEntry, names: readonly string[]): ServiceEntry => ({ services: withExports(services, names) }),
);

const entriesExported = memo((entries: readonly ServiceEntry[], names: readonly string[]): readonly ServiceEntry[] =>
  entries.map((entry) => entryExported(entry, names)),
);

/** The same for all services of ServiceEntries. */
export function withEntryExports(entries: readonly ServiceEntry[], names: readonly string[]): readonly ServiceEntry[] {
  return isEverywhere(names) ? entries : entriesExported(entries, names);
}

/** Whether clients in a namespace may know of it. */
export const isExportedTo = ({ exportTo }: Pick<Exported, 'exportTo'>, namespace: string): boolean =>
  exportTo.has('*') || exportTo.has(namespace);
