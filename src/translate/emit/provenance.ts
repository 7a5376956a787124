// Where configuration came from, as Envoy carries it: for dashboards under `istio`, for Sluice's own questions under
// its own key.
import type { JsonObject } from '../../lib/json.ts';
import { sluiceDomain } from '../../model/names.ts';
import { describePath, type ObjectId, objectName } from '../../model/object.ts';
import type { Origin } from '../../model/origin.ts';

const kebab: Readonly<Record<string, string>> = {
  DestinationRule: 'destination-rule',
  VirtualService: 'virtual-service',
};

/** The path that Istio's dashboards and tools know a rule by. */
export function configPath(id: ObjectId): string {
  const { group, kind, namespace, name } = objectName(id);
  return `/apis/${group}/v1/namespaces/${namespace}/${kebab[kind] ?? kind.toLowerCase()}/${name}`;
}

/** What a proxy's own configuration says of the objects behind it: kind, namespace and name, each once; and more. */
export function objectsMetadata(origins: readonly Origin[], more: JsonObject = {}): JsonObject {
  const ids = [...new Set(origins.map(({ object }) => object))];
  return { [sluiceDomain]: { objects: ids.map((id) => objectFields(id)), ...more } };
}

function objectFields(id: ObjectId): JsonObject {
  const { kind, namespace, name } = objectName(id);
  return { kind, namespace, name };
}

/** As `objectsMetadata`, with the place in the object; for routes, whose changes cost nothing. */
export function placesMetadata(origins: readonly Origin[]): JsonObject {
  const places = origins.map(({ object, path }) => ({ ...objectFields(object), path: describePath(path) }));
  return { [sluiceDomain]: { objects: places } };
}
