// What is to be said of every object of a policy: from the diagnostics, and from the proxies that it is for.
import type { ControlPlane } from '../../control-plane.ts';
import type { ResourceTable } from '../../envoy/resource.ts';
import { isObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { rootNamespace } from '../../model/names.ts';
import { type ObjectId, type ObjectSet, objectName, type SourceObject } from '../../model/object.ts';
import { conditionsOf, type Reach } from '../../status/conditions.ts';
import type { Desired } from '../../status/status-writer.ts';
import type { Snapshot } from '../../xds/snapshot.ts';
import type { StreamStatus } from '../../xds/stream-status.ts';

const hasStatus = (id: ObjectId): boolean => objectName(id).group.endsWith('.istio.io');

/** Endpoints come and go too often to be waited for, and no policy is in them alone. */
const kinds = ['cluster', 'listener', 'route'] as const;

/** The objects behind the resources of a table. */
const objectsBehind = memo(
  (table: ResourceTable): ReadonlySet<ObjectId> =>
    new Set([...table.values()].flatMap(({ origins }) => origins.map(({ object }) => object)).filter(hasStatus)),
);

/** Of these kinds no resource says that they are behind it: they are for all proxies of a namespace, or of the mesh. */
const forNamespaces: ReadonlySet<string> = new Set(['Sidecar', 'PeerAuthentication', 'AuthorizationPolicy']);

type Counts = ReadonlyMap<string, Reach>;

const isSynced = ({ types }: StreamStatus): boolean =>
  types.length > 0 && types.every(({ kind, synced }) => kind === 'endpoint' || synced);

function count(counts: Map<string, Reach>, key: string, acknowledged: boolean): void {
  const { proxies, acknowledged: known } = counts.get(key) ?? { proxies: 0, acknowledged: 0 };
  counts.set(key, { proxies: proxies + 1, acknowledged: known + (acknowledged ? 1 : 0) });
}

/** By object, and by namespace of the proxies; `''`: of all. */
function reaches(controlPlane: ControlPlane, streams: readonly StreamStatus[]): Counts {
  const counts = new Map<string, Reach>();
  const bySnapshot = new Map<Snapshot, { proxies: number; acknowledged: number }>();
  for (const stream of streams) {
    const synced = isSynced(stream);
    const snapshot = controlPlane.snapshotFor(stream.node);
    for (const namespace of ['', stream.node.namespace]) count(counts, `namespace ${namespace}`, synced);
    if (snapshot === undefined) continue;
    const of = bySnapshot.get(snapshot) ?? { proxies: 0, acknowledged: 0 };
    bySnapshot.set(snapshot, { proxies: of.proxies + 1, acknowledged: of.acknowledged + (synced ? 1 : 0) });
  }
  for (const [snapshot, { proxies, acknowledged }] of bySnapshot) {
    for (const id of new Set(kinds.flatMap((kind) => [...objectsBehind(snapshot[kind])]))) {
      const known = counts.get(id) ?? { proxies: 0, acknowledged: 0 };
      counts.set(id, { proxies: known.proxies + proxies, acknowledged: known.acknowledged + acknowledged });
    }
  }
  return counts;
}

function reachOf(id: ObjectId, counts: Counts): Reach | undefined {
  const { kind, namespace } = objectName(id);
  if (!forNamespaces.has(kind)) return counts.get(id);
  return counts.get(`namespace ${namespace === rootNamespace ? '' : namespace}`);
}

const byObject = memo((diagnostics: readonly Diagnostic[]) => Map.groupBy(diagnostics, ({ object }) => object));

const policies = memo((objects: ObjectSet): readonly SourceObject[] =>
  [...objects.values()].filter(({ id, json }) => hasStatus(id) && generationOf(json) !== null),
);

function generationOf({ metadata }: SourceObject['json']): number | null {
  const generation = isObject(metadata) ? metadata['generation'] : null;
  return typeof generation === 'number' ? generation : null;
}

/**
 * Objects that come from files have no generation, and nowhere to write to. What counts are objects that were published: by
 * then every proxy has been handed what was made of them.
 */
export function desiredStatuses(
  controlPlane: ControlPlane,
  streams: () => readonly StreamStatus[],
): () => readonly Desired[] {
  const published = () => ({ objects: controlPlane.objects, diagnostics: controlPlane.diagnostics });
  let current = published();
  controlPlane.onPublish(() => {
    current = published();
  });
  return () => {
    const counts = reaches(controlPlane, streams());
    const found = byObject(current.diagnostics);
    return policies(current.objects).map(({ id, json }) => ({
      id,
      apiVersion: String(json['apiVersion']),
      generation: generationOf(json) ?? 0,
      conditions: conditionsOf(found.get(id) ?? [], reachOf(id, counts)),
    }));
  };
}
