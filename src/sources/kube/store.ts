// The objects of one kind as they were last told. What is told twice, or differs in nothing that is read, is no change.
import { deepEqual } from 'fast-equals';
import { deepFreeze, isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { ObjectId, SourceObject } from '../../model/object.ts';
import { readObjects } from '../kubernetes-object.ts';
import type { Change } from '../source.ts';
import type { WantedKind } from './resource.ts';

interface Stored {
  readonly object: SourceObject;
  /** The object's own version: two tellings of it are the same. */
  readonly version: string;
}

interface Told {
  readonly id: ObjectId;
  readonly json: JsonObject;
  readonly version: string;
}

export class KubeStore {
  readonly #wanted: WantedKind;
  #stored = new Map<ObjectId, Stored>();

  constructor(wanted: WantedKind) {
    this.#wanted = wanted;
  }

  get size(): number {
    return this.#stored.size;
  }

  /** Takes in all that there is now: what is not among it is gone. `apiVersion`: as which the objects are told. */
  replace(items: readonly JsonValue[], apiVersion: string): readonly Change[] {
    const before = this.#stored;
    this.#stored = new Map();
    const applied = items.flatMap((item) => this.#put(item, apiVersion, before) ?? []);
    const gone = [...before.keys()].filter((id) => !this.#stored.has(id));
    return [...applied, ...gone.map((id): Change => ({ kind: 'deleted', id }))];
  }

  apply(item: JsonValue, apiVersion: string): Change | null {
    return this.#put(item, apiVersion, this.#stored);
  }

  delete(item: JsonValue, apiVersion: string): Change | null {
    const found = this.#read(item, apiVersion);
    return found !== null && this.#stored.delete(found.id) ? { kind: 'deleted', id: found.id } : null;
  }

  #put(item: JsonValue, apiVersion: string, before: ReadonlyMap<ObjectId, Stored>): Change | null {
    const found = this.#read(item, apiVersion);
    if (found === null) return null;
    const { id, json, version } = found;
    const held = before.get(id);
    if (held !== undefined && (held.version === version || deepEqual(held.object.json, json))) {
      this.#stored.set(id, { object: held.object, version });
      return null;
    }
    const object: SourceObject = Object.freeze({ id, json: deepFreeze(json), locate: () => null });
    this.#stored.set(id, { object, version });
    return { kind: 'applied', object };
  }

  /** Null: it is no object that can be named, which an API never has. */
  #read(item: JsonValue, apiVersion: string): Told | null {
    if (!isObject(item) || !isObject(item['metadata'])) return null;
    const { uid, resourceVersion } = item['metadata'];
    const { kind, trim } = this.#wanted;
    const named = { ...item, apiVersion, kind, metadata: kept(item['metadata']) };
    const json = trim === undefined ? named : trim(named);
    const [found] = readObjects(json);
    if (found?.kind !== 'object') return null;
    return { id: found.id, json, version: `${uid} ${resourceVersion}` };
  }
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
/** What Kubernetes keeps for itself, and what changes with every write. */
const dropped: ReadonlySet<string> = new Set(['managedFields', 'resourceVersion', 'selfLink']);

function kept(metadata: JsonObject): JsonObject {
  const entries = Object.entries(metadata).flatMap(([key, value]): [string, JsonValue][] => {
    if (dropped.has(key)) return [];
    if (key !== 'annotations' || !isObject(value) || !Object.hasOwn(value, lastApplied)) return [[key, value]];
    const { [lastApplied]: _, ...others } = value;
    return [[key, others]];
  });
  return Object.fromEntries(entries);
}
