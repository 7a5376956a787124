// Objects that make real code throw, as a fault of ours would: there is no input that is known to.
import type { JsonObject } from '../../src/lib/json.ts';
import type { SourceObject } from '../../src/model/object.ts';

export interface Hostile {
  readonly object: SourceObject;
  /** Whether it throws; what was computed and remembered before is not computed again. */
  armed: boolean;
}

/** Throws where the object is decoded, outside what is caught around one object. */
export function hostileToResolve(good: SourceObject, message = 'a fault in resolve'): Hostile {
  const hostile: Hostile = {
    armed: true,
    object: {
      ...good,
      get json(): JsonObject {
        if (hostile.armed) throw new Error(message);
        return good.json;
      },
    },
  };
  return hostile;
}

/** Throws where the object's name is written into Envoy's metadata: it has to be decoded before it is armed. */
export function hostileToEmit(good: SourceObject): Hostile {
  const split = (separator: string): readonly string[] => {
    if (hostile.armed) throw new Error('a fault in emit');
    return String(good.id).split(separator);
  };
  const id = Object.assign(new String(good.id), { split }) as unknown as SourceObject['id'];
  const hostile: Hostile = { armed: false, object: { ...good, id } };
  return hostile;
}
