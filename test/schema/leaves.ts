// The leaves of an OpenAPI schema: the places where a user can write a value.
import type { JsonValue } from '../../src/lib/json.ts';

/** What is read of a schema in a CustomResourceDefinition. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly JsonValue[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

/** A step into a list: its items. */
export const item = '[]';
/** A step into an object with keys of the user's own. */
export const key = '<k>';

export interface Leaf {
  /** Field names, `[]` and `<k>`. */
  readonly path: readonly string[];
  /** As people say it: `string`, `list of string`, `any`. */
  readonly type: string;
  /** Of the value, or of the items if it is a list. */
  readonly schema: Schema;
}

const isFree = (schema: Schema): boolean =>
  schema.properties === undefined && schema.additionalProperties === undefined && schema.items === undefined;

function typeOf(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  return schema.type === undefined || schema.type === 'object' ? 'any' : schema.type;
}

/** All leaves below a schema, in its order. A list of values is one leaf. */
export function leavesOf(schema: Schema, path: readonly string[] = []): readonly Leaf[] {
  if (isFree(schema)) return [{ path, type: typeOf(schema), schema }];
  const { properties = {}, additionalProperties, items } = schema;
  if (items !== undefined && isFree(items)) return [{ path, type: `list of ${typeOf(items)}`, schema: items }];
  return [
    ...Object.entries(properties).flatMap(([name, each]) => leavesOf(each, [...path, name])),
    ...(additionalProperties === undefined ? [] : leavesOf(additionalProperties, [...path, key])),
    ...(items === undefined ? [] : leavesOf(items, [...path, item])),
  ];
}

/** `subsets[].labels.<k>`. */
export function describe(path: readonly string[]): string {
  return path.join('.').replaceAll(`.${item}`, item);
}

/** The path that `describe` made a text of. */
export function parse(text: string): readonly string[] {
  return text === '' ? [] : text.replaceAll(item, `.${item}`).split('.');
}
