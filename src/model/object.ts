// Objects as users write them, before any is understood: what sources give and decoders take.
import type { JsonObject } from '../lib/json.ts';

declare const brand: unique symbol;

/** Who an object is, whatever version of its API it was written in: `group/Kind/namespace/name`. */
export type ObjectId = string & { readonly [brand]: 'ObjectId' };

/** Where in an object: field names and list indices, from its root. */
export type Path = readonly (string | number)[];

/** A place in a file; line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One object from a source. Frozen; its identity is kept while its content is unchanged. */
export interface SourceObject {
  readonly id: ObjectId;
  readonly json: JsonObject;
  /** Where the field at `path` (or its nearest parent that exists) stands; null for objects that came without a file. */
  locate(path: Path): Location | null;
}

/** Everything that is there now. Never mutated: a change makes a new one. */
export type ObjectSet = ReadonlyMap<ObjectId, SourceObject>;

export interface ObjectName {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The id of an object; namespace is empty for objects of the whole cluster. */
export function objectId({ group, kind, namespace, name }: ObjectName): ObjectId {
  // Not a template: it would keep its pieces in memory beside the text.
  return [group, kind, namespace, name].join('/') as ObjectId;
}

/** The parts of an id that `objectId` made. */
export function objectName(id: ObjectId): ObjectName {
  const [group = '', kind = '', namespace = '', name = ''] = id.split('/');
  return { group, kind, namespace, name };
}

/** `Kind namespace/name`, as people write it. */
export function describeObject(id: ObjectId): string {
  const { kind, namespace, name } = objectName(id);
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** `spec.ports[0].name`, as people write it. */
export function describePath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
