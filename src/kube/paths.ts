// Where objects stand in a Kubernetes API.
import type { ObjectName } from '../model/object.ts';

/** Irregular: none of those that are read; `y` becomes `ies`. */
const pluralOf = (kind: string): string => kind.toLowerCase().replace(/y$/, 'ie').concat('s');

/** The path of a list of one namespace's objects. `apiVersion`: such as `v1` or `apps/v1`. */
export function listPath({ kind, namespace }: Pick<ObjectName, 'kind' | 'namespace'>, apiVersion: string): string {
  const base = apiVersion.includes('/') ? '/apis' : '/api';
  const place = namespace === '' ? '' : `namespaces/${encodeURIComponent(namespace)}/`;
  return `${base}/${apiVersion}/${place}${pluralOf(kind)}`;
}

/** The path of an object. */
export function objectPath(object: Pick<ObjectName, 'kind' | 'namespace' | 'name'>, apiVersion: string): string {
  return `${listPath(object, apiVersion)}/${encodeURIComponent(object.name)}`;
}
