// The kinds that are read, as they are asked for: never more of an object than somebody reads.
import { kindsRead } from '../../crds/index.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { meshConfigMap, rootNamespace } from '../../model/names.ts';
import type { WantedKind } from './resource.ts';

const itemsOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});

function pick(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(object, key) ? [[key, object[key] ?? null]] : [])));
}

/** Of a Pod who it is, where it is, and whether it takes requests: the rest is most of it, and changes all the time. */
function trimPod(pod: JsonObject): JsonObject {
  const [spec, status] = [objectOf(pod['spec']), objectOf(pod['status'])];
  const containers = itemsOf(spec['containers']).map((each) => pick(each, 'name', 'ports'));
  const ready = itemsOf(status['conditions']).filter(({ type }) => type === 'Ready');
  return {
    ...pick(pod, 'apiVersion', 'kind', 'metadata'),
    spec: { ...pick(spec, 'nodeName', 'serviceAccountName', 'hostNetwork'), containers },
    status: { ...pick(status, 'podIP', 'podIPs'), conditions: ready.map((each) => pick(each, 'type', 'status')) },
  };
}

const special: Readonly<Record<string, Partial<WantedKind>>> = {
  '/Pod': { trim: trimPod },
  '/Node': { metadataOnly: true },
  '/Namespace': { metadataOnly: true },
  '/ConfigMap': { only: { namespace: rootNamespace, name: meshConfigMap } },
};

/** What became of an object is written into its status by ourselves, among others. */
const withoutStatus = ({ status: _, ...object }: JsonObject): JsonObject => object;

const isPolicy = (group: string): boolean => group.endsWith('.istio.io');

/** What of an API is read. */
export const wantedKinds: readonly WantedKind[] = kindsRead.map(({ group, kind, versions }) => ({
  ...{ group, kind, versions },
  ...(isPolicy(group) && kind !== 'WorkloadEntry' && { trim: withoutStatus }),
  ...special[`${group}/${kind}`],
}));
