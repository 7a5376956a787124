// which of many objects make translation throw, found by bisection.
import { sortedBy } from '../lib/sorted.ts';
import type { ObjectId, ObjectSet, SourceObject } from '../model/object.ts';

export interface Culprit {
  readonly object: SourceObject;
  /** The form in which the object is not at fault, if one is known. */
  readonly instead: SourceObject | null;
  readonly error: unknown;
}

/** The error with which translating the objects fails; null if it does not. */
export type Attempt = (objects: ObjectSet) => { readonly error: unknown } | null;

/** With more than this at once it is not the objects that are at fault. */
const mostCulprits = 32;

/**
 * Objects without which `objects` translate. Those that are not in `good`, or not in this form, are suspected first:
 * `good` did translate. Null if the fault is not in the objects: with none of them, or with many left out, it is the same.
 */
export function findCulprits(objects: ObjectSet, good: ObjectSet, attempt: Attempt): readonly Culprit[] | null {
  const suspects = [...objects.values()].filter((object) => good.get(object.id) !== object);
  const base = new Map([...objects].flatMap(([id, object]) => goodForm(id, object, good)));
  if (suspects.length > 0 && attempt(base) === null) return among(suspects, base, attempt);
  return attempt(new Map()) === null ? among([...objects.values()], new Map(), attempt) : null;
}

function goodForm(id: ObjectId, object: SourceObject, good: ObjectSet): readonly [ObjectId, SourceObject][] {
  const form = object === good.get(id) ? object : good.get(id);
  return form === undefined ? [] : [[id, form]];
}

function among(suspects: readonly SourceObject[], base: ObjectSet, attempt: Attempt): readonly Culprit[] | null {
  const found: Culprit[] = [];
  // Sorted, so that a process that starts anew finds the same.
  let rest: readonly SourceObject[] = sortedBy(suspects, ({ id }) => id);
  for (;;) {
    const culprit = lastOfShortest(rest, base, attempt);
    if (culprit === null) return found;
    if (found.length === mostCulprits) return null;
    found.push(culprit);
    rest = rest.filter((object) => object !== culprit.object);
  }
}

/** The object with which the shortest beginning of the list that fails ends; null if the whole list does not fail. */
function lastOfShortest(list: readonly SourceObject[], base: ObjectSet, attempt: Attempt): Culprit | null {
  const tryFirst = (count: number) =>
    attempt(new Map([...base, ...list.slice(0, count).map((object) => [object.id, object] as const)]));
  let failure = tryFirst(list.length);
  let passes = 0;
  let fails = list.length;
  while (failure !== null && fails - passes > 1) {
    const middle = Math.floor((passes + fails) / 2);
    const tried = tryFirst(middle);
    if (tried === null) passes = middle;
    else {
      fails = middle;
      failure = tried;
    }
  }
  const object = list[fails - 1];
  return failure === null || object === undefined
    ? null
    : { object, instead: base.get(object.id) ?? null, error: failure.error };
}
