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
  return { object: origin.object, path: [...origin.path, ...path] };
}
