// The pieces that decoders are made of: each turns one JSON value into a typed one, or says with its place why not.
import { closest, distance } from 'fastest-levenshtein';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import type { DiagnosticCode } from '../../model/diagnostic-codes.ts';
import { at, type Origin } from '../../model/origin.ts';

/** A place in an object that is being decoded, and where its diagnostics go. */
export interface Spot {
  readonly origin: Origin;
  readonly diagnostics: Diagnostic[];
}

/** Undefined: the value is of no use; the decoder has reported why. */
export type Decoder<T> = (value: JsonValue, spot: Spot) => T | undefined;
type Decoders = Readonly<Record<string, Decoder<unknown>>>;
type DecodedBy<F extends Decoders> = {
  readonly [K in keyof F]: F[K] extends Decoder<infer T> ? T | undefined : never;
};

export function inside(spot: Spot, ...path: readonly (string | number)[]): Spot {
  return { origin: at(spot.origin, ...path), diagnostics: spot.diagnostics };
}

export function report(spot: Spot, code: DiagnosticCode, message: string): undefined {
  spot.diagnostics.push(diagnose(code, spot.origin, message));
}

function typeName(value: JsonValue): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value).slice(0, 60)}`;
}

function wrongType(value: JsonValue, spot: Spot, wanted: string): undefined {
  return report(spot, 'SLC0102', `expected ${wanted}, found ${typeName(value)}`);
}

export const string: Decoder<string> = (value, spot) =>
  typeof value === 'string' ? value : wrongType(value, spot, `a string${quoteIt(value)}`);

const quoteIt = (value: JsonValue): string => (typeof value === 'object' ? '' : ' (in quotes)');

export const nonEmptyString: Decoder<string> = (value, spot) =>
  value === '' ? report(spot, 'SLC0105', 'must not be empty') : string(value, spot);

export const boolean: Decoder<boolean> = (value, spot) =>
  typeof value === 'boolean' ? value : wrongType(value, spot, 'true or false');

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const uint32: Range = { min: 0, max: 4294967295 };
export const portRange: Range = { min: 1, max: 65535 };

/** A number in a range, both ends included. */
export function number({ min, max }: Range): Decoder<number> {
  return (value, spot) => {
    if (typeof value !== 'number') return wrongType(value, spot, 'a number');
    if (value >= min && value <= max) return value;
    return report(spot, 'SLC0105', `${value} is not between ${min} and ${max}`);
  };
}

/** A whole number in a range, both ends included. */
export function integer(range: Range): Decoder<number> {
  const decode = number(range);
  return (value, spot) =>
    typeof value === 'number' && !Number.isInteger(value)
      ? wrongType(value, spot, 'a whole number')
      : decode(value, spot);
}

/** A whole number in a range that begins at 0, which means that nothing is set: said, since it reads like a limit. */
export function unlessZero(range: Range): Decoder<number> {
  const decode = integer(range);
  return (value, spot) => {
    const decoded = decode(value, spot);
    return decoded === 0 ? report(spot, 'SLC0110', '0 is the same as nothing here: it is not set') : decoded;
  };
}

/** `did you mean …`, where a known word is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string {
  if (known.length === 0 || word.length > 100) return '';
  const lower = new Map(known.map((name) => [name.toLowerCase(), name]));
  const found = lower.get(closest(word.toLowerCase(), [...lower.keys()]));
  if (found === undefined || distance(word.toLowerCase(), found.toLowerCase()) > Math.max(2, word.length / 3))
    return '';
  return `; did you mean "${found}"?`;
}

/** One of a few words; each stands for a value. */
export function oneOf<T>(words: Readonly<Record<string, T>>): Decoder<T> {
  const known = Object.keys(words);
  return (value, spot) => {
    if (typeof value !== 'string') return wrongType(value, spot, `one of ${known.join(', ')}`);
    if (Object.hasOwn(words, value)) return words[value];
    return report(
      spot,
      'SLC0103',
      `"${value.slice(0, 100)}" is not one of ${known.join(', ')}${nearest(value, known)}`,
    );
  };
}

/** A list; items that do not decode are left out. */
export function list<T>(item: Decoder<T>): Decoder<readonly T[]> {
  return (value, spot) => {
    if (!Array.isArray(value)) return wrongType(value, spot, 'a list');
    const decoded = value.map((each: JsonValue, index) => item(each, inside(spot, index)));
    // Mostly the list itself, which has no room for more.
    return isComplete(decoded) ? decoded : decoded.filter((each) => each !== undefined);
  };
}

const isComplete = <T>(items: readonly (T | undefined)[]): items is readonly T[] =>
  items.every((each) => each !== undefined);

/** An object whose keys are the user's own, such as labels; sorted by key, since the order in YAML says nothing. */
export const stringMap: Decoder<ReadonlyMap<string, string>> = (value, spot) => {
  if (!isObject(value)) return wrongType(value, spot, 'an object');
  const entries = new Map<string, string>();
  for (const key of Object.keys(value).sort()) {
    const decoded = string(value[key] ?? null, inside(spot, key));
    if (decoded !== undefined) entries.set(key, decoded);
  }
  return entries;
};

/** Labels that something is chosen by. Undefined if one of them is of no use: fewer labels would choose more. */
export const selector: Decoder<ReadonlyMap<string, string>> = (value, spot) => {
  const decoded = stringMap(value, spot);
  return isObject(value) && decoded?.size === Object.keys(value).length ? decoded : undefined;
};

/** A number above zero. */
export const positive: Decoder<number> = (value, spot) => {
  if (typeof value !== 'number') return wrongType(value, spot, 'a number');
  return value > 0 && Number.isFinite(value) ? value : report(spot, 'SLC0105', `${value} is not greater than 0`);
};

/** A field of the schema that has no bearing on what Sluice does with the kind. */
export const ignored: Decoder<never> = () => undefined;

/** A field that works in a later version: said, so that nobody relies on it. */
export function later(what: string): Decoder<never> {
  return (_, spot) => report(spot, 'SLC0108', `${what}: not supported yet, so the field has no effect`);
}

/** Fields of the schema that are of no concern, by name. */
export function ignoring(...names: readonly string[]): Readonly<Record<string, Decoder<never>>> {
  return Object.fromEntries(names.map((name) => [name, ignored]));
}

export interface ObjectOptions<F extends Decoders> {
  readonly required?: readonly (keyof F & string)[];
  /** Fields that are in the schema and of no concern; anything else that is not decoded is reported. */
  readonly ignored?: Decoders;
}

/**
 * An object with the given fields. Null counts as absent, as in Kubernetes. Unknown fields are reported with the nearest
 * spelling. Undefined if it is no object, or if a required field is missing or does not decode.
 */
export function object<F extends Decoders>(fields: F, options: ObjectOptions<F> = {}): Decoder<DecodedBy<F>> {
  const all: Decoders = { ...options.ignored, ...fields };
  const names = Object.keys(all);
  return (value, spot) => {
    if (!isObject(value)) return wrongType(value, spot, 'an object');
    const result = decodeFields(value, all, names, spot);
    const absent = (options.required ?? []).filter((name) => result.get(name) === undefined);
    for (const name of absent) {
      if ((value[name] ?? null) === null) report(spot, 'SLC0104', `the field "${name}" is required`);
    }
    return absent.length > 0 ? undefined : (Object.fromEntries(result) as DecodedBy<F>);
  };
}

/** An object of which only some fields are looked at: whoever reads it besides judges the others. */
export function part<F extends Decoders>(
  fields: F,
  options: Pick<ObjectOptions<F>, 'required'> = {},
): Decoder<DecodedBy<F>> {
  const decode = object(fields, options);
  return (value, spot) => {
    const known = (each: JsonObject) => Object.entries(each).filter(([key]) => Object.hasOwn(fields, key));
    return decode(isObject(value) ? Object.fromEntries(known(value)) : value, spot);
  };
}

function decodeFields(
  value: JsonObject,
  decoders: Decoders,
  names: readonly string[],
  spot: Spot,
): Map<string, unknown> {
  const result = new Map<string, unknown>();
  for (const [key, field] of Object.entries(value)) {
    const decoder = Object.hasOwn(decoders, key) ? decoders[key] : undefined;
    const here = inside(spot, key);
    if (decoder === undefined) {
      report(here, 'SLC0101', `unknown field "${key.slice(0, 100)}"${nearest(key, names)}`);
    } else if (field !== null) {
      result.set(key, decoder(field, here));
    }
  }
  return result;
}
