// From the JSON of a document to the Kubernetes objects in it: who they are, or why they are none.
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { defaultNamespace } from '../model/names.ts';
import { type ObjectId, objectId, type Path } from '../model/object.ts';

export interface ObjectFound {
  readonly kind: 'object';
  readonly id: ObjectId;
  readonly json: JsonObject;
  /** Where in the document it stands: empty, or its place in a list. */
  readonly path: Path;
}

export interface NoObject {
  readonly kind: 'problem';
  readonly path: Path;
  readonly message: string;
}

/** Kinds without a namespace, by group. */
const clusterScoped: Readonly<Record<string, readonly string[]>> = {
  '': ['Namespace', 'Node', 'PersistentVolume'],
  'admissionregistration.k8s.io': ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  'gateway.networking.k8s.io': ['GatewayClass'],
  'networking.k8s.io': ['IngressClass'],
  'rbac.authorization.k8s.io': ['ClusterRole', 'ClusterRoleBinding'],
  'scheduling.k8s.io': ['PriorityClass'],
  'storage.k8s.io': ['StorageClass'],
};

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomainPart = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const kindName = /^[A-Za-z][A-Za-z0-9]{0,62}$/;
const pathSegment = /^(?!\.{1,2}$)[^/%\s\p{Cc}]{1,253}$/u;

/** A DNS subdomain (RFC 1123), which nearly every name must be. */
function isSubdomain(name: string): boolean {
  return name.length <= 253 && name.split('.').every((part) => subdomainPart.test(part));
}

function isName(group: string, name: string): boolean {
  return group === 'rbac.authorization.k8s.io' ? pathSegment.test(name) : isSubdomain(name);
}

/**
 * The objects of a document: one, or the items of a `List` (also of a `ServiceList` and the like, whose items need not
 * repeat what they are). Names follow Kubernetes' rules (RFC 1123), and a missing namespace is `default`.
 */
export function readObjects(value: JsonValue): readonly (ObjectFound | NoObject)[] {
  return readAt(value, root);
}

const root: Path = [];

function readAt(value: JsonValue, path: Path): readonly (ObjectFound | NoObject)[] {
  if (!isObject(value)) return [problem(path, 'not an object: apiVersion, kind and metadata are expected')];
  const { apiVersion, kind, items } = value;
  const listed = typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? kind.slice(0, -4) : null;
  if (listed === null || nameOf(value) !== undefined) return [readOne(value, path)];
  const defaults = listed === '' || apiVersion === undefined ? {} : { apiVersion, kind: listed };
  return asList(items).flatMap((item, index) =>
    readAt(isObject(item) ? withDefaults(item, defaults) : item, [...path, 'items', index]),
  );
}

function asList(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function withDefaults(item: JsonObject, defaults: JsonObject): JsonObject {
  return Object.keys(defaults).every((key) => Object.hasOwn(item, key))
    ? item
    : Object.freeze({ ...defaults, ...item });
}

function nameOf({ metadata }: JsonObject): JsonValue | undefined {
  return isObject(metadata) ? metadata['name'] : undefined;
}

function readOne(json: JsonObject, path: Path): ObjectFound | NoObject {
  const { apiVersion, kind, metadata } = json;
  if (typeof apiVersion !== 'string') return problem([...path, 'apiVersion'], `apiVersion ${mustBeText(apiVersion)}`);
  if (typeof kind !== 'string') return problem([...path, 'kind'], `kind ${mustBeText(kind)}`);
  const group = groupOf(apiVersion);
  if (group === null) return problem([...path, 'apiVersion'], `${quoted(apiVersion)} is not a group and a version`);
  if (!kindName.test(kind)) return problem([...path, 'kind'], `${quoted(kind)} is not the name of a kind`);
  if (!isObject(metadata))
    return problem([...path, 'metadata'], `metadata ${missingOr(metadata, 'must be a mapping')}`);
  const { name } = metadata;
  const namePath = [...path, 'metadata', 'name'];
  if (typeof name !== 'string') return problem(namePath, `metadata.name ${mustBeText(name)}`);
  if (!isName(group, name)) return problem(namePath, `${quoted(name)} is not a name that Kubernetes accepts`);
  const namespace = namespaceOf(group, kind, metadata['namespace']);
  if (namespace !== null) return { kind: 'object', id: objectId({ group, kind, namespace, name }), json, path };
  return problem([...path, 'metadata', 'namespace'], 'metadata.namespace is not a name that Kubernetes accepts');
}

function groupOf(apiVersion: string): string | null {
  const parts = apiVersion.split('/');
  const [group = '', version = ''] = parts.length === 1 ? ['', ...parts] : parts;
  const valid = parts.length <= 2 && label.test(version) && (parts.length === 1 || isSubdomain(group));
  return valid ? group : null;
}

function namespaceOf(group: string, kind: string, namespace: JsonValue | undefined): string | null {
  if (Object.hasOwn(clusterScoped, group) && clusterScoped[group]?.includes(kind)) return '';
  if (namespace === undefined || namespace === null || namespace === '') return defaultNamespace;
  return typeof namespace === 'string' && label.test(namespace) ? namespace : null;
}

function problem(path: Path, message: string): NoObject {
  return { kind: 'problem', path, message };
}

function missingOr(value: JsonValue | undefined, wrong: string): string {
  return value === undefined || value === null ? 'is missing' : wrong;
}

function mustBeText(value: JsonValue | undefined): string {
  const quote = typeof value === 'object' ? '' : `, and YAML reads it as ${value}: quote it`;
  return missingOr(value, `must be text${quote}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
