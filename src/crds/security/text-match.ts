// The texts of AuthorizationPolicy: exact, `prefix*`, `*suffix`, and `*` for anything that is there.
import type { TextMatch } from '../../model/authorization.ts';
import { type Decoder, nonEmptyString, report } from '../values/decode.ts';

const present: TextMatch = { kind: 'present' };

export const textMatch: Decoder<TextMatch> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  if (text === '*') return present;
  if (text.startsWith('*')) return { kind: 'suffix', text: text.slice(1) };
  return text.endsWith('*') ? { kind: 'prefix', text: text.slice(0, -1) } : { kind: 'exact', text };
};

const operators = new Set(['{*}', '{**}']);

/** `{*}` stands for one segment of a path, `{**}` for any that follow. */
export const pathMatch: Decoder<TextMatch> = (value, spot) => {
  if (typeof value !== 'string' || !value.includes('{')) return textMatch(value, spot);
  const segments = value.split('/').slice(1);
  const last = segments.indexOf('{**}');
  const good =
    value.startsWith('/') &&
    segments.every((segment) => operators.has(segment) || !/[{}*]/.test(segment)) &&
    (last === -1 || !segments.slice(last + 1).some((segment) => segment === '{**}'));
  if (!good) return report(spot, 'SLC0105', 'in a template a segment of the path is {*}, {**} (once), or plain text');
  return { kind: 'template', text: value.replaceAll('{**}', '**').replaceAll('{*}', '*') };
};
