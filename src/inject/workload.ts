// Injection of whole objects: the kinds that make pods, and where in each the pod is described.
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { objectId, type Path } from '../model/object.ts';
import { at, originOf } from '../model/origin.ts';
import type { MeshSettings } from './pod/mesh-settings.ts';
import { type Injection, injectPod } from './pod/pod.ts';
import type { TargetNamespace } from './pod/selection.ts';

/** By group and kind: where the template of its pods stands. */
const templates: Readonly<Record<string, Path>> = {
  '/Pod': [],
  '/PodTemplate': ['template'],
  '/ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

/** Where an object describes its pods; undefined for one that has none. */
function templatePath(json: JsonObject): Path | undefined {
  const { group, kind } = groupAndKind(json);
  const key = `${group}/${kind}`;
  return Object.hasOwn(templates, key) ? templates[key] : undefined;
}

export interface WorkloadOptions {
  readonly mesh: MeshSettings;
  /** The namespace of an object that may not name one. */
  readonly namespaceOf: (name: string | null) => TargetNamespace;
}

/** An object that makes pods, with their sidecar; null for one that makes none. Paths of diagnostics begin at the object. */
export function injectWorkload(json: JsonObject, { mesh, namespaceOf }: WorkloadOptions): Injection | null {
  const path = templatePath(json);
  if (path === undefined) return null;
  const { name, namespace } = namesOf(json);
  const target = namespaceOf(namespace);
  const { group, kind } = groupAndKind(json);
  const origin = at(originOf(objectId({ group, kind, namespace: target.name, name })), ...path);
  const template = inside(json, path);
  const pod = isObject(template) ? template : {};
  const injection = injectPod({ pod, origin, workload: name, namespace: target, mesh });
  return { ...injection, pod: injection.pod === pod ? json : replaced(json, path, injection.pod) };
}

function groupAndKind({ apiVersion, kind }: JsonObject): { readonly group: string; readonly kind: string } {
  const text = typeof apiVersion === 'string' ? apiVersion : '';
  const group = text.includes('/') ? text.slice(0, text.indexOf('/')) : '';
  return { group, kind: typeof kind === 'string' ? kind : '' };
}

function namesOf({ metadata }: JsonObject): { readonly name: string; readonly namespace: string | null } {
  const { name, generateName, namespace } = isObject(metadata) ? metadata : {};
  const text = typeof name === 'string' ? name : typeof generateName === 'string' ? generateName : '';
  return { name: text, namespace: typeof namespace === 'string' && namespace !== '' ? namespace : null };
}

function inside(json: JsonValue | undefined, path: Path): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((value, key) => (isObject(value) ? value[key] : undefined), json);
}

/** The object with another value at the path, all of which exists. */
function replaced(json: JsonObject, [first, ...rest]: Path, value: JsonObject): JsonObject {
  if (first === undefined) return value;
  const child = json[first];
  return { ...json, [first]: rest.length === 0 || !isObject(child) ? value : replaced(child, rest, value) };
}
