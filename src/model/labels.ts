// Those of a workload's labels that something looks at.
import { interner } from '../lib/intern.ts';
import { type Labels, noLabels } from './endpoint.ts';

const internLabels = interner<Labels>();

/** The labels of these names, sorted by name. Equal ones are one object. */
export function pickLabels(labels: Labels, names: Iterable<string>): Labels {
  const picked: (readonly [string, string])[] = [];
  for (const name of names) {
    const value = labels.get(name);
    if (value !== undefined) picked.push([name, value]);
  }
  if (picked.length === 0) return noLabels;
  picked.sort(([a], [b]) => (a < b ? -1 : 1));
  return internLabels(JSON.stringify(picked), () => new Map(picked));
}
