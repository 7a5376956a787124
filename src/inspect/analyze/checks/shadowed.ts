// Matches below a wider one. (What takes every request, and what stands twice, decoding has told already.)
import { deepEqual } from 'fast-equals';
import type { HttpRule } from '../../../crds/virtual-service/route.ts';
import { describePath } from '../../../model/object.ts';
import type { HeaderMatch, HttpMatch, ValueMatch } from '../../../model/route.ts';
import type { Finder, Found } from '../facts.ts';
import { covers, takesEverything } from './covering.ts';

/** A condition as text; null: that the header is there at all. */
const conditionKey = ({ name, negated }: HeaderMatch, value: ValueMatch | null): string =>
  JSON.stringify([name, negated, value]);

/** What a match is found by: its first header. */
function keyOf({ headers: [first] }: HttpMatch): string {
  return first === undefined ? '' : conditionKey(first, first.value.kind === 'present' ? null : first.value);
}

/** What the matches are found by that may take all requests of this one. */
function keysAbove({ headers }: HttpMatch): readonly string[] {
  return ['', ...headers.flatMap((each) => [conditionKey(each, each.value), conditionKey(each, null)])];
}

/** Paths that begin a text, or are it, as far as a match above may ask for them; '' where it asks for something else. */
function pathsAbove({ path }: HttpMatch): readonly string[] {
  const text = path?.text ?? '';
  return ['', '/', ...Array.from({ length: text.length }, (_, index) => text.slice(0, index + 1))];
}

/** The matches of a rule so far, by path and first header, so that few have to be compared. */
class Above {
  readonly #byPath = new Map<string, Map<string, HttpMatch[]>>();

  add(match: HttpMatch): void {
    const { path, ignoreCase } = match;
    const text = path === null || path.kind === 'regex' || ignoreCase ? '' : path.text;
    const byKey = this.#byPath.get(text) ?? new Map<string, HttpMatch[]>();
    this.#byPath.set(text, byKey);
    const key = keyOf(match);
    const list = byKey.get(key);
    if (list === undefined) byKey.set(key, [match]);
    else list.push(match);
  }

  /** A match that takes all requests of this one. */
  covering(match: HttpMatch): HttpMatch | undefined {
    const keys = keysAbove(match);
    for (const text of pathsAbove(match)) {
      const byKey = this.#byPath.get(text);
      for (const key of byKey === undefined ? [] : keys) {
        const found = byKey?.get(key)?.find((each) => covers(each, match));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}

const sameConditions = ({ name: _, statPrefix: __, origin: ___, ...a }: HttpMatch, b: HttpMatch): boolean =>
  deepEqual({ ...b, ...a }, b);

function* within(rules: readonly HttpRule[]): Iterable<Found> {
  const above = new Above();
  for (const { matches } of rules) {
    if (matches === null || matches.some(takesEverything)) return;
    for (const match of matches) {
      const wide = above.covering(match);
      if (wide !== undefined && !sameConditions(wide, match)) {
        const message = `${describePath(wide.origin.path)} above takes every request that this is for`;
        yield { origin: match.origin, message };
      }
    }
    for (const match of matches) above.add(match);
  }
}

export const shadowedMatches: Finder = function* ({ typed }) {
  for (const { http } of typed.virtualServices) yield* within(http);
};
