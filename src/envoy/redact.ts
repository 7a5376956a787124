// What must not be shown of Envoy's configuration: private keys, passwords and tokens, wherever in it they stand.
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';

const redacted = '[redacted]';
/** The same where Envoy's JSON wants base64. */
const redactedBytes = 'W3JlZGFjdGVkXQ==';

/** Fields that are secret with all that is in them. Lower case and without `_`, as a field may be written either way. */
const secretFields: ReadonlySet<string> = new Set([
  ...['privatekey', 'privatekeyprovider', 'pkcs12', 'password', 'sessionticketkeys', 'genericsecret'],
  ...['accesstoken', 'authorizationtoken', 'jsonkey', 'secretaccesskey', 'sessiontoken', 'authpassword'],
  ...['clientsecret', 'refreshtoken', 'subjecttoken', 'actortoken', 'users', 'apikey'],
]);
/** Of what is secret, the fields that only say where it is. */
const openFields: ReadonlySet<string> = new Set(['@type', 'name', 'providername', 'filename', 'environmentvariable']);
/** Headers and metadata keys whose values are secret. */
const secretHeaders: ReadonlySet<string> = new Set([
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'api-key', 'x-auth-token'],
]);

/** How deep it looks; what stands deeper is not shown. */
const deepest = 200;

const plain = (field: string): string => field.replaceAll('_', '').toLowerCase();

/**
 * The value without secrets: the same object where there are none in it. Takes Envoy's JSON in either spelling, parts of
 * it, and dumps.
 */
export function redact<T extends JsonValue>(value: T): T {
  return redactValue(value, 0) as T;
}

function redactValue(value: JsonValue, depth: number): JsonValue {
  if (depth > deepest) return redacted;
  if (Array.isArray(value))
    return likeBefore(
      value,
      value.map((item) => redactValue(item, depth + 1)),
    );
  if (!isObject(value)) return value;
  const header = value['key'] ?? value['name'];
  const secretHeader = typeof header === 'string' && secretHeaders.has(header.toLowerCase());
  return mapFields(value, (field, item) => {
    if (secretFields.has(plain(field)) || (secretHeader && /value|match/.test(field))) return mask(item, depth + 1);
    return redactValue(item, depth + 1);
  });
}

/** All texts in it, but for those that only say where a secret is. */
function mask(value: JsonValue, depth: number): JsonValue {
  if (depth > deepest) return redacted;
  if (typeof value === 'string') return value === '' ? value : redacted;
  if (Array.isArray(value))
    return likeBefore(
      value,
      value.map((item) => mask(item, depth + 1)),
    );
  if (!isObject(value)) return value;
  return mapFields(value, (field, item) => {
    if (openFields.has(plain(field))) return item;
    return plain(field) === 'inlinebytes' ? redactedBytes : mask(item, depth + 1);
  });
}

function likeBefore(before: readonly JsonValue[], after: readonly JsonValue[]): readonly JsonValue[] {
  return after.every((item, index) => item === before[index]) ? before : after;
}

function mapFields(object: JsonObject, change: (field: string, value: JsonValue) => JsonValue): JsonObject {
  const entries = Object.entries(object).map(([field, value]) => [field, change(field, value)] as const);
  return entries.every(([field, value]) => object[field] === value) ? object : Object.fromEntries(entries);
}
