// Changing JSON values without touching them.
import { isObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts';
import { item, key } from './leaves.ts';

/** The key that stands for all keys of the user's own: a label, and a port too. */
const anyKey = '80';

/** The value with another laid over it: objects field by field, lists item by item where their items are objects. */
export function overlay(below: JsonValue, above: JsonValue): JsonValue {
  if (Array.isArray(above) && Array.isArray(below) && above.every(isObject)) {
    const length = Math.max(above.length, below.length);
    return Array.from({ length }, (_, index) => overlayItem(below[index], above[index]));
  }
  if (!isObject(below) || !isObject(above)) return above;
  const merged = Object.entries(above).map(([name, each]) => [name, overlayItem(below[name], each)] as const);
  return { ...below, ...Object.fromEntries(merged) };
}

function overlayItem(below: JsonValue | undefined, above: JsonValue | undefined): JsonValue {
  if (above === undefined) return below ?? null;
  return below === undefined || below === null ? above : overlay(below, above);
}

/** The value wrapped so that it stands at a leaf's path: in the first item of lists, at the key `k` of maps. */
export function wrap(path: readonly string[], value: JsonValue): JsonValue {
  return path.reduceRight<JsonValue>((inner, step): JsonValue => {
    if (step === item) return [inner];
    return { [step === key ? anyKey : step]: inner } satisfies JsonObject;
  }, value);
}
