// What makes one JSON value of another, as RFC 6902 has it. Lists are replaced as a whole: to tell what was moved in one would
// cost the square of its length, and whoever calls may send any.
import { deepEqual } from 'fast-equals';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string };

/** A name in a JSON Pointer (RFC 6901). */
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** The operations, in an order in which they apply. Equal values need none. */
export function jsonPatch(from: JsonObject, to: JsonObject, path = ''): readonly PatchOperation[] {
  const removed = Object.keys(from).filter((key) => !Object.hasOwn(to, key));
  return [
    ...removed.map((key) => ({ op: 'remove', path: `${path}/${escaped(key)}` }) as const),
    ...Object.entries(to).flatMap(([key, value]) => field(from, key, value, `${path}/${escaped(key)}`)),
  ];
}

function field(from: JsonObject, key: string, value: JsonValue, path: string): readonly PatchOperation[] {
  const before = Object.hasOwn(from, key) ? from[key] : undefined;
  if (before === undefined) return [{ op: 'add', path, value }];
  if (isObject(before) && isObject(value)) return jsonPatch(before, value, path);
  return deepEqual(before, value) ? [] : [{ op: 'replace', path, value }];
}
