// Conditions of matches that no request meets, or not those that their author has in mind.
import { at, type Origin } from '../../../model/origin.ts';
import type { HttpMatch, TextMatch, ValueMatch } from '../../../model/route.ts';
import type { Facts, Finder } from '../facts.ts';

function* matchesOf({ typed }: Facts): Iterable<HttpMatch> {
  for (const { http } of typed.virtualServices) {
    for (const { matches } of http) yield* matches ?? [];
  }
}

const pseudo: ReadonlySet<string> = new Set([':method', ':authority', ':scheme']);

interface Text {
  readonly value: ValueMatch;
  readonly origin: Origin;
}

/** All texts that a match compares, each where it is written. */
function textsOf({ path, headers, parameters, origin }: HttpMatch): readonly Text[] {
  return [
    ...(path === null ? [] : [{ value: path, origin: at(origin, 'uri') }]),
    ...headers.map(({ name, value, negated }) => {
      const field = negated ? 'withoutHeaders' : 'headers';
      return { value, origin: pseudo.has(name) ? at(origin, name.slice(1)) : at(origin, field, name) };
    }),
    ...parameters.map(({ name, value }) => ({ value, origin: at(origin, 'queryParams', name) })),
  ];
}

const special = new Set('\\^$.|?*+()[]{}');
const isPlain = (text: string): boolean => ![...text].some((character) => special.has(character));
/** A beginning that is marked, and an end that is neither marked nor left open. */
const isHalf = (text: string): boolean => text.startsWith('^') && isPlain(text.slice(-1));

function regexProblem({ kind, text }: TextMatch): string | null {
  if (kind !== 'regex') return null;
  if (isHalf(text)) return `"${text}" has to match to the end of the text as well; write ${text}.* if more may follow`;
  return isPlain(text) ? `"${text}" only matches this very text; write exact, prefix, or .* around it` : null;
}

export const regexesOfAPart: Finder = function* (facts) {
  for (const match of matchesOf(facts)) {
    for (const { value, origin } of textsOf(match)) {
      const message = value.kind === 'present' ? null : regexProblem(value);
      if (message !== null) yield { origin: at(origin, 'regex'), message };
    }
  }
};

const isLetterOrDigit = (character: string): boolean => {
  const code = character.toLowerCase();
  return (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9');
};

/** OPTIONS may be for the server as a whole, whose path is an asterisk. */
const serverItself = '*';

function pathProblem({ kind, text }: TextMatch): string | null {
  if (kind === 'regex') {
    const first = text.slice(0, 1);
    return isLetterOrDigit(first) && !text.includes('|') ? `paths begin with a slash, not with "${first}"` : null;
  }
  if (!text.startsWith('/') && text !== serverItself) return `paths begin with a slash, "${text}" does not`;
  const mark = ['?', '#'].find((each) => text.includes(each));
  return mark === undefined ? null : `a path is compared without what stands after "${mark}"`;
}

export const pathsNobodyAsksFor: Finder = function* (facts) {
  for (const { path, origin } of matchesOf(facts)) {
    const message = path === null ? null : pathProblem(path);
    if (path !== null && message !== null) yield { origin: at(origin, 'uri', path.kind), message };
  }
};

/** What is meant by names that are no headers. (host is one: Envoy takes it for the authority.) */
const meant: ReadonlyMap<string, string> = new Map([
  ['uri', 'uri'],
  ['path', 'uri'],
  ['method', 'method'],
  ['scheme', 'scheme'],
  ['authority', 'authority'],
]);

export const headersThatAreNone: Finder = function* (facts) {
  for (const { headers, origin } of matchesOf(facts)) {
    for (const { name, negated } of headers) {
      const field = meant.get(name.toLowerCase());
      if (field === undefined) continue;
      const message = `requests have no header "${name}"; the field "${field}" of the match is for that`;
      yield { origin: at(origin, negated ? 'withoutHeaders' : 'headers', name), message };
    }
  }
};

export const smallMethods: Finder = function* (facts) {
  for (const { headers, origin } of matchesOf(facts)) {
    for (const { name, value } of headers) {
      if (name !== ':method' || value.kind !== 'exact' || value.text === value.text.toUpperCase()) continue;
      const message = `"${value.text}" is no method that clients send; write ${value.text.toUpperCase()}`;
      yield { origin: at(origin, 'method', 'exact'), message };
    }
  }
};
