// Where something in the model came from: the YAML behind it.
import type { ObjectId, Path } from './object.ts';

/** An object and a place in it. Every value that reaches Envoy carries at least one. */
export interface Origin {
  readonly object: ObjectId;
  readonly path: Path;
}

/** The origin of a whole object, or of a place in it. */
export function originOf(object: ObjectId, ...path: Path): Origin {
  return { object, path };
}

/** A place further inside. */
export function at(origin: Origin, ...path: Path): Origin {
  // Of exactly this length: a list that is spread has room for more, and there are as many as values in the model.
  return { object: origin.object, path: origin.path.concat(path) };
}
