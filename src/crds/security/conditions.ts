// The parts of a rule: fields and keys → conditions. What is not understood is a condition that nothing can tell: a rule
// that allows then allows nobody by it, and one that denies does not wait for it.
import { isObject, type JsonValue } from '../../lib/json.ts';
import type { AddressOf, Clause, Condition, TextMatch } from '../../model/authorization.ts';
import { type Decoder, inside, list, nearest, nonEmptyString, portRange, report, type Spot } from '../values/decode.ts';
import { subnet } from '../values/ip.ts';
import { pathMatch, textMatch } from './text-match.ts';

/** Makes a condition of a list of values. */
export type Values = (values: JsonValue, spot: Spot, not: boolean) => Condition;

export const unknown: Condition = { kind: 'unknown' };

/** A list of which every item counts: fewer would mean another thing. */
function all<T>(item: Decoder<T>, values: JsonValue, spot: Spot): readonly T[] | undefined {
  const decoded = list(item)(values, spot);
  if (decoded === undefined || (Array.isArray(values) && decoded.length < values.length)) return undefined;
  return decoded.length > 0 ? decoded : report(spot, 'SLC0105', 'must not be empty');
}

type TextKind = Extract<Condition, { readonly texts: readonly TextMatch[] }>['kind'];

export const texts =
  (kind: Exclude<TextKind, 'header'>, item = textMatch): Values =>
  (values, spot, not) => {
    const decoded = all(item, values, spot);
    return decoded === undefined ? unknown : { kind, texts: decoded, not };
  };

export const header =
  (name: string): Values =>
  (values, spot, not) => {
    const decoded = all(textMatch, values, spot);
    return decoded === undefined ? unknown : { kind: 'header', name, texts: decoded, not };
  };

export const addresses =
  (of: AddressOf): Values =>
  (values, spot, not) => {
    const ranges = all(subnet, values, spot);
    return ranges === undefined ? unknown : { kind: 'address', of, ranges, not };
  };

const port: Decoder<number> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= portRange.min && number <= portRange.max) return number;
  return report(spot, 'SLC0105', `"${text.slice(0, 20)}" is not a port`);
};

export const ports: Values = (values, spot, not) => {
  const decoded = all(port, values, spot);
  return decoded === undefined ? unknown : { kind: 'port', ports: decoded, not };
};

/** `name`, of the policy's own namespace, or `namespace/name`. */
export const serviceAccounts =
  (namespace: string): Values =>
  (values, spot, not) => {
    const decoded = all(textMatch, values, spot);
    if (decoded === undefined) return unknown;
    const full = decoded.map((each): TextMatch => {
      if (each.kind !== 'exact' || each.text.includes('/')) return each;
      return { kind: 'exact', text: `${namespace}/${each.text}` };
    });
    return { kind: 'service-account', texts: full, not };
  };

/** What a token says: no kind that checks tokens is read yet. */
export const tokens: Values = (_, spot) => {
  report(spot, 'SLC0108', 'tokens: not supported yet, so nobody is allowed by this, and whoever it denies is denied');
  return unknown;
};

export const pathTexts = texts('path', pathMatch);

/** An object of which each field is a condition, and `notField` the same of what must not be. */
export function clause(fields: Readonly<Record<string, Values>>, value: JsonValue, spot: Spot): Clause {
  if (!isObject(value)) {
    report(spot, 'SLC0102', 'expected an object');
    return [unknown];
  }
  const written = Object.entries(value).filter(([, values]) => values !== null);
  if (written.length === 0) {
    report(spot, 'SLC0105', 'must not be empty');
    return [unknown];
  }
  return written.map(([name, values]) => {
    const here = inside(spot, name);
    const positive = positiveOf(name);
    const decode = Object.hasOwn(fields, positive) ? fields[positive] : undefined;
    if (decode !== undefined) return decode(values, here, positive !== name);
    report(here, 'SLC0101', `unknown field "${name.slice(0, 100)}"${nearest(name, Object.keys(fields))}`);
    return unknown;
  });
}

const positiveOf = (name: string): string =>
  name.startsWith('not') && name.length > 3 ? name.charAt(3).toLowerCase() + name.slice(4) : name;
