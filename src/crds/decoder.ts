// Objects → typed values, one set after another: of objects that took the place of others nothing else is looked at.
import { touchedKeys } from '../lib/layered-map.ts';
import { lazy } from '../lib/memo.ts';
import type { Outcome } from '../model/diagnostic.ts';
import type { ObjectId, ObjectSet } from '../model/object.ts';
import { byKind, type Decoded, decodeObject, type Plural, type TypedObjects } from './index.ts';

interface Last {
  readonly objects: ObjectSet;
  readonly typed: Outcome<TypedObjects>;
  /** Where in its list each object's value stands. */
  readonly places: () => ReadonlyMap<ObjectId, number>;
}

export class Decoder {
  #last: Last | undefined;

  /** All objects decoded, each on its own. */
  decode(objects: ObjectSet): Outcome<TypedObjects> {
    const current = (this.#last && follow(this.#last, objects)) ?? all(objects);
    this.#last = current;
    return current.typed;
  }
}

function all(objects: ObjectSet): Last {
  const outcomes = [...objects.values()].map(decodeObject);
  const places = lazy(() => {
    const counts = new Map<Plural, number>();
    const found = new Map<ObjectId, number>();
    for (const [index, id] of [...objects.keys()].entries()) {
      const plural = outcomes[index]?.value?.plural;
      if (plural === undefined) continue;
      const place = counts.get(plural) ?? 0;
      found.set(id, place);
      counts.set(plural, place + 1);
    }
    return found;
  });
  return { objects, typed: byKind(outcomes), places };
}

/** Null where more differs than values, or something is to be said of what differs. */
function follow(last: Last, objects: ObjectSet): Last | null {
  const touched = touchedKeys(last.objects, objects);
  if (touched === null) return null;
  const { value, diagnostics } = last.typed;
  const typed: { [K in Plural]: TypedObjects[K] } = { ...value };
  const lists = new Map<Plural, Decoded['value'][]>();
  for (const id of touched) {
    const [before, after] = [outcomeOf(last.objects, id), outcomeOf(objects, id)];
    if (before === after) continue;
    const plural = after?.value?.plural;
    const place = last.places().get(id);
    if (before === null || after?.value === undefined || plural !== before.value?.plural || place === undefined)
      return null;
    if (before.diagnostics.length + after.diagnostics.length > 0) return null;
    const list = lists.get(after.value.plural) ?? [...value[after.value.plural]];
    list[place] = after.value.value;
    lists.set(after.value.plural, list);
  }
  Object.assign(typed, Object.fromEntries(lists));
  return { objects, typed: { value: typed, diagnostics }, places: last.places };
}

function outcomeOf(objects: ObjectSet, id: ObjectId): Outcome<Decoded | undefined> | null {
  const object = objects.get(id);
  return object === undefined ? null : decodeObject(object);
}
