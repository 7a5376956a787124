// Objects looked at together: runs every check of the table.
import { decodeObjects } from '../../crds/index.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import type { AnalysisCode } from '../../model/diagnostic-codes.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { ObjectSet } from '../../model/object.ts';
import { checks } from './checks.ts';
import { type Facts, type Finder, type Found, factsOf } from './facts.ts';

/**
 * What all checks find in the objects and in the mesh that they mean: lint, beside the diagnostics that translation itself
 * gives. Of one place a check says one thing, however many services it is true for.
 */
export function analyze(objects: ObjectSet, mesh: Mesh): readonly Diagnostic[] {
  const facts = factsOf(objects, decodeObjects(objects).value, mesh);
  const codes = Object.keys(checks) as AnalysisCode[];
  return codes.flatMap((code) => run(code, checks[code], facts));
}

function run(code: AnalysisCode, find: Finder, facts: Facts): readonly Diagnostic[] {
  const byPlace = new Map<string, { readonly found: Found; readonly messages: Set<string> }>();
  for (const found of find(facts)) {
    const key = JSON.stringify([found.origin.object, found.origin.path]);
    const known = byPlace.get(key);
    if (known === undefined) byPlace.set(key, { found, messages: new Set([found.message]) });
    else known.messages.add(found.message);
  }
  return [...byPlace.values()].map(({ found, messages }) => diagnose(code, found.origin, joined(messages)));
}

/** The first by text, whatever the order of the input was. */
function joined(messages: ReadonlySet<string>): string {
  const first = [...messages].reduce((least, each) => (byText(each, least) < 0 ? each : least));
  return messages.size === 1 ? first : `${first} (and ${messages.size - 1} more of this kind)`;
}
