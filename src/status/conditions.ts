// What became of an object, as conditions: from what is said of it and from the proxies that it is for. Pure.
// https://gateway-api.sigs.k8s.io/geps/gep-1364/ has the words Accepted, ResolvedRefs and Programmed.
import type { JsonObject, JsonValue } from '../lib/json.ts';
import { isObject } from '../lib/json.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { describePath } from '../model/object.ts';

export interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs' | 'Programmed';
  readonly status: 'True' | 'False';
  /** A word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** The proxies that an object is for. */
export interface Reach {
  readonly proxies: number;
  /** Of these, those that have acknowledged all that they should have. */
  readonly acknowledged: number;
}

const unreached: Reach = { proxies: 0, acknowledged: 0 };

/** What is wrong with what an object names, not with the object. */
const references: ReadonlySet<string> = new Set(['SLC0201', 'SLC0202', 'SLC0225', 'SLC0226', 'SLC0231', 'SLC0251']);
const refused = 'SLC0501';

/** So many findings are told; all are in the log and in `sluice validate`. */
const mostFindings = 3;
const longestMessage = 1024;

function tell(found: readonly Diagnostic[]): string {
  const told = found
    .slice(0, mostFindings)
    .map(({ code, path, message }) => `${code} ${describePath(path)}: ${message}`);
  const more = found.length > mostFindings ? [`and ${found.length - mostFindings} more`] : [];
  return [...told, ...more].join('; ').slice(0, longestMessage);
}

function verdict(type: Condition['type'], good: string, bad: string, found: readonly Diagnostic[]): Condition {
  const failed = found.length > 0;
  return { type, status: failed ? 'False' : 'True', reason: failed ? bad : good, message: tell(found) };
}

function programmed(refusals: readonly Diagnostic[], { proxies, acknowledged }: Reach): Condition {
  const count = `${acknowledged} of ${proxies} proxies have it`;
  if (refusals.length > 0) {
    return { type: 'Programmed', status: 'False', reason: 'Refused', message: `${tell(refusals)}; ${count}` };
  }
  const done = acknowledged === proxies;
  return {
    type: 'Programmed',
    status: done ? 'True' : 'False',
    reason: done ? 'Programmed' : 'Pending',
    message: count,
  };
}

/** What is to be said of one object; `found` is about it. */
export function conditionsOf(found: readonly Diagnostic[], reach: Reach = unreached): readonly Condition[] {
  const unresolved = found.filter(({ code }) => references.has(code));
  const refusals = found.filter(({ code }) => code === refused);
  const invalid = found.filter(
    ({ code, severity }) => severity === 'error' && !references.has(code) && code !== refused,
  );
  return [
    verdict('Accepted', 'Accepted', 'Invalid', invalid),
    verdict('ResolvedRefs', 'ResolvedRefs', 'NotFound', unresolved),
    programmed(refusals, reach),
  ];
}

const listOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/**
 * The `status.conditions` of an object with ours in them; null where they are there already. Those of others stay, and a
 * time only changes with the status it is for.
 */
export function mergeConditions(
  status: JsonValue | undefined,
  ours: readonly Condition[],
  observedGeneration: number,
  now: string,
): JsonObject[] | null {
  const before = listOf(isObject(status) ? status['conditions'] : undefined);
  const types = new Set<string>(ours.map(({ type }) => type));
  let same = true;
  const merged = ours.map((condition): JsonObject => {
    const old = before.find(({ type }) => type === condition.type);
    const told = { ...condition, observedGeneration };
    same &&= Object.entries(told).every(([key, value]) => old?.[key] === value);
    const lastTransitionTime = old?.['status'] === condition.status ? (old['lastTransitionTime'] ?? now) : now;
    return { ...told, lastTransitionTime };
  });
  return same ? null : [...before.filter(({ type }) => !types.has(String(type))), ...merged];
}

/** Whether nothing but how many proxies have it is another: that alone is not written at once. */
export function onlyCountsDiffer(a: readonly Condition[], b: readonly Condition[]): boolean {
  const gist = (conditions: readonly Condition[]) =>
    conditions.map(({ type, status, reason, message }) => [type, status, reason, type === 'Programmed' ? '' : message]);
  return JSON.stringify(gist(a)) === JSON.stringify(gist(b));
}
