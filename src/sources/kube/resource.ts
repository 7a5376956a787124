// What is listed and watched at a Kubernetes API.
import type { JsonObject } from '../../lib/json.ts';

/** A kind that is wanted, whether or not the API has it. */
export interface WantedKind {
  readonly group: string;
  readonly kind: string;
  /** Those that are read, the best one first. */
  readonly versions: readonly string[];
  /** The only object that is wanted. */
  readonly only?: { readonly namespace: string; readonly name: string };
  /** Whether nothing but `metadata` is wanted. */
  readonly metadataOnly?: boolean;
  /** Takes out of an object what nobody reads. */
  readonly trim?: (object: JsonObject) => JsonObject;
}

/** A wanted kind as the API has it. */
export interface Resource {
  readonly wanted: WantedKind;
  readonly version: string;
  /** The last part of its path. */
  readonly plural: string;
}

/** What it is called in logs and metrics: `destinationrules.networking.istio.io`. */
export function resourceName({ wanted: { group }, plural }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

export function apiVersionOf({ wanted: { group }, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Path and query of a list or a watch. */
export function pathOf(resource: Resource, query: Readonly<Record<string, string>>): string {
  const { wanted, plural } = resource;
  const base = wanted.group === '' ? '/api' : '/apis';
  const { only } = wanted;
  const place = only === undefined ? plural : `namespaces/${encodeURIComponent(only.namespace)}/${plural}`;
  const chosen = only === undefined ? {} : { fieldSelector: `metadata.name=${only.name}` };
  return `${base}/${apiVersionOf(resource)}/${place}?${new URLSearchParams({ ...query, ...chosen })}`;
}

/** The form in which objects are asked for. */
export function acceptOf({ wanted }: Resource, what: 'list' | 'watch'): string {
  if (wanted.metadataOnly !== true) return 'application/json';
  return `application/json;as=PartialObjectMetadata${what === 'list' ? 'List' : ''};g=meta.k8s.io;v=v1`;
}
