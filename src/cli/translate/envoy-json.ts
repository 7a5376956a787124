// Reading Envoy's JSON for tables: what is not there reads as empty.
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';

type Parent = JsonValue | undefined;

/** The value at a path of field names and list indices. */
export function valueAt(json: Parent, ...path: readonly (string | number)[]): Parent {
  let value = json;
  for (const part of path) {
    if (typeof part === 'number') value = Array.isArray(value) ? value[part] : undefined;
    else value = isObject(value) ? value[part] : undefined;
  }
  return value;
}

/** The text or number at a path, as text. */
export function textAt(json: Parent, ...path: readonly (string | number)[]): string {
  const value = valueAt(json, ...path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The objects of the list at a path. */
export function listAt(json: Parent, ...path: readonly (string | number)[]): readonly JsonObject[] {
  const value = valueAt(json, ...path);
  return Array.isArray(value) ? value.filter((item) => isObject(item)) : [];
}

/** `address:port` of an envoy.config.core.v3.Address. */
export function addressAt(json: Parent, ...path: readonly (string | number)[]): string {
  const address = textAt(json, ...path, 'socket_address', 'address');
  if (address === '') return textAt(json, ...path, 'pipe', 'path');
  return `${address.includes(':') ? `[${address}]` : address}:${textAt(json, ...path, 'socket_address', 'port_value')}`;
}
