// Matches below a wider one. (What takes every request, and what stands twice, decoding has told already.)
import { deepEqual } from 'fast-equals';
import type { HttpRule } from '../../../crds/virtual-service/route.ts';
import { describePath } from '../../../model/object.ts';
import type { HttpMatch } from '../../../model/route.ts';
import type { Finder, Found } from '../facts.ts';
import { covers, takesEverything } from './covering.ts';

/** The matches of a rule so far, by the path that they ask for, so that few have to be compared. */
class Above {
  readonly #byPrefix = new Map<string, HttpMatch[]>();
  readonly #exact = new Map<string, HttpMatch[]>();
  /** Those whose path can be anything, is a regex, or ignores case. */
  readonly #others: HttpMatch[] = [];

  add(match: HttpMatch): void {
    const { path, ignoreCase } = match;
    if (path === null || path.kind === 'regex' || ignoreCase) {
      this.#others.push(match);
      return;
    }
    const table = path.kind === 'prefix' ? this.#byPrefix : this.#exact;
    const list = table.get(path.text);
    if (list === undefined) table.set(path.text, [match]);
    else list.push(match);
  }

  /** The first match that takes all requests of this one. */
  covering(match: HttpMatch): HttpMatch | undefined {
    const isCovering = (each: HttpMatch): boolean => covers(each, match);
    const text = match.path?.text ?? '';
    for (let length = 1; length <= text.length; length += 1) {
      const found = this.#byPrefix.get(text.slice(0, length))?.find(isCovering);
      if (found !== undefined) return found;
    }
    return this.#exact.get(text)?.find(isCovering) ?? this.#others.find(isCovering) ?? this.#all.find(isCovering);
  }

  get #all(): readonly HttpMatch[] {
    return this.#byPrefix.get('/') ?? [];
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
