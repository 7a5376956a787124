// Regular expressions of users: RE2's, as Envoy runs them. They are never JavaScript's, which some texts take for ever.
import { RE2JS } from 're2js';
import { type Decoder, nonEmptyString, report } from './decode.ts';

const longest = 1024;
/** Envoy's own limit, unless its runtime says otherwise (re2.max_program_size.error_level). */
const largestProgram = 100;

export interface Regex {
  readonly pattern: string;
  /** How many groups `\1` and so on can name. */
  readonly groups: number;
}

function compile(pattern: string): RE2JS | Error {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A regular expression that Envoy takes. */
export const regexWithGroups: Decoder<Regex> = (value, spot) => {
  const pattern = nonEmptyString(value, spot);
  if (pattern === undefined) return undefined;
  if (pattern.length > longest) return report(spot, 'SLC0105', `must be at most ${longest} characters long`);
  const compiled = compile(pattern);
  if (compiled instanceof Error) return report(spot, 'SLC0105', `RE2 does not take it: ${compiled.message}`);
  const size = compiled.programSize();
  if (size > largestProgram) {
    const message = `too large for Envoy: its program has ${size} steps, and ${largestProgram} are allowed; shorten it, or write fewer repetitions`;
    return report(spot, 'SLC0105', message);
  }
  return { pattern, groups: compiled.groupCount() };
};

/** The same, where only the pattern counts. */
export const regex: Decoder<string> = (value, spot) => regexWithGroups(value, spot)?.pattern;
