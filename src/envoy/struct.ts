// google.protobuf.Struct, which clients fill with what they like, as JSON.
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { messageType } from './descriptors.ts';

/** As protobufjs decodes them: of a Value the member that is set is its own. */
interface Value {
  readonly stringValue?: string;
  readonly numberValue?: number;
  readonly boolValue?: boolean;
  readonly structValue?: Struct;
  readonly listValue?: { readonly values: readonly Value[] };
}
interface Struct {
  readonly fields: Readonly<Record<string, Value>>;
}

/**
 * Reads a Struct. Null: objects and lists stand inside each other more than `depth` times. Throws on bytes that are no Struct.
 */
export function readStruct(bytes: Uint8Array, depth: number): JsonObject | null {
  return bytes.length === 0 ? {} : toObject(messageType('google.protobuf.Struct').decode(bytes) as never, depth);
}

function toObject({ fields }: Struct, depth: number): JsonObject | null {
  const entries: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(fields)) {
    const json = toJson(value, depth - 1);
    if (json === undefined) return null;
    entries.push([key, json]);
  }
  return depth < 1 ? null : Object.fromEntries(entries);
}

/** Undefined: too deep. */
function toJson(value: Value, depth: number): JsonValue | undefined {
  if (Object.hasOwn(value, 'stringValue')) return value.stringValue ?? '';
  if (Object.hasOwn(value, 'structValue')) return toObject(value.structValue ?? { fields: {} }, depth) ?? undefined;
  if (Object.hasOwn(value, 'numberValue')) return value.numberValue ?? 0;
  if (Object.hasOwn(value, 'boolValue')) return value.boolValue ?? false;
  if (!Object.hasOwn(value, 'listValue')) return null;
  const items = (value.listValue?.values ?? []).map((item) => toJson(item, depth - 1));
  return depth < 1 || items.includes(undefined) ? undefined : (items as JsonValue[]);
}
