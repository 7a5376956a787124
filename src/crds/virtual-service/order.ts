// Routes of one VirtualService that are never tried, since what is above them takes all their requests.
import { diagnose } from '../../model/diagnostic.ts';
import { type HttpMatch, matchesAll } from '../../model/route.ts';
import type { Spot } from '../values/decode.ts';
import type { HttpRule } from './route.ts';

function isForAll({ client }: HttpMatch): boolean {
  return client.port === null && client.labels.size === 0 && client.namespace === null && client.gateways === null;
}

const takesAll = ({ matches }: HttpRule): boolean =>
  matches === null || matches.some((match) => matchesAll(match) && isForAll(match));

/** What a match asks for, as text: equal conditions are equal texts. */
function conditions({ name: _name, statPrefix: _stat, origin: _origin, client, ...rest }: HttpMatch): string {
  return JSON.stringify([rest, { ...client, labels: [...client.labels] }]);
}

/** Reports routes below one that takes all requests, and matches that stand twice. */
export function reportUnreachable(rules: readonly HttpRule[], { diagnostics }: Spot): void {
  const seen = new Set<string>();
  let all: number | null = null;
  for (const [index, rule] of rules.entries()) {
    if (all !== null) {
      const message = `never tried: http[${all}] above it takes every request`;
      diagnostics.push(diagnose('SLC0222', rule.origin, message));
      continue;
    }
    for (const match of rule.matches ?? []) {
      const key = conditions(match);
      if (seen.has(key)) diagnostics.push(diagnose('SLC0223', match.origin, 'the same match stands above; it wins'));
      seen.add(key);
    }
    if (takesAll(rule)) all = index;
  }
}
