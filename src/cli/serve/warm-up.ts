// What is done once before the first proxy is served, so that neither it nor the first change pays for it: what proxies
// share is translated and encoded, and the code of a turn is run until it is compiled.
import type { ControlPlane } from '../../control-plane.ts';
import { proxyNode } from '../../envoy/node.ts';
import { resourceKinds } from '../../envoy/types.ts';
import type { JsonValue } from '../../lib/json.ts';
import { defaultNamespace } from '../../model/names.ts';
import { type ObjectSet, objectName, type SourceObject } from '../../model/object.ts';
import { findReferences } from '../../xds/references.ts';
import type { SnapshotFeed } from '../../xds/snapshot.ts';

/** So many namespaces, the largest first, are translated while the time lasts, in milliseconds; the largest in any case. */
const namespaces = { most: 8, longest: 250 } as const;
/** So many changes are rehearsed while the time lasts, in milliseconds. */
const rehearsals = { most: 20, longest: 150 } as const;

/** To be called when everything is read and no proxy is there yet. */
export function warmUp(controlPlane: ControlPlane): void {
  const [largest = defaultNamespace, ...others] = largestNamespaces(controlPlane.objects);
  // Without a proxy a turn would make nothing.
  const feed = follow(controlPlane, largest);
  rehearse(controlPlane);
  feed.close();
  const began = performance.now();
  for (const namespace of others) {
    if (performance.now() - began > namespaces.longest) break;
    follow(controlPlane, namespace).close();
  }
}

/** A proxy of the namespace that nobody stands behind. */
function follow(controlPlane: ControlPlane, namespace: string): SnapshotFeed {
  return controlPlane.follow(proxyNode({ namespace }), (snapshot) => {
    for (const kind of resourceKinds) findReferences(snapshot[kind].values());
  });
}

/** The namespaces with the most Services and Pods. */
function largestNamespaces(objects: ObjectSet): readonly string[] {
  const sizes = new Map<string, number>();
  for (const id of objects.keys()) {
    const { group, kind, namespace } = objectName(id);
    if (group === '' && (kind === 'Service' || kind === 'Pod')) sizes.set(namespace, (sizes.get(namespace) ?? 0) + 1);
  }
  const sorted = [...sizes].sort(([, a], [, b]) => b - a);
  return sorted.slice(0, namespaces.most).map(([namespace]) => namespace);
}

function rehearse(controlPlane: ControlPlane): void {
  const { objects } = controlPlane;
  const changed = objects
    .values()
    .map(withoutEndpoint)
    .find((object) => object !== null);
  if (changed === undefined) return;
  const began = performance.now();
  for (let count = 0; count < rehearsals.most && performance.now() - began < rehearsals.longest; count += 1) {
    controlPlane.rehearse(new Map(objects).set(changed.id, { ...changed }));
  }
}

/** An EndpointSlice with one endpoint fewer; null for any other object. */
function withoutEndpoint(object: SourceObject): SourceObject | null {
  const endpoints: JsonValue | undefined = object.json['endpoints'];
  if (objectName(object.id).kind !== 'EndpointSlice' || !Array.isArray(endpoints) || endpoints.length === 0)
    return null;
  return { ...object, json: { ...object.json, endpoints: endpoints.slice(1) } };
}
