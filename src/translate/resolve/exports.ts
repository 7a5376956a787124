// To whom objects are exported that do not say so: that is for the mesh to say.
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

/** Whether clients in a namespace may know of it. */
export const isExportedTo = ({ exportTo }: Pick<Exported, 'exportTo'>, namespace: string): boolean =>
  exportTo.has('*') || exportTo.has(namespace);
