// What the validating webhook says of an object: what `sluice validate` would say of it in a file.
import { decodeObjects } from '../../crds/index.ts';
import { deepFreeze, isObject, type JsonObject } from '../../lib/json.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { describePath, objectId, type SourceObject } from '../../model/object.ts';
import type { Review, Verdict } from './review.ts';

/** Decides about one object by itself. An object that goes is never in the way. */
export function validateVerdict({ group, kind, operation, object, namespace }: Review): Verdict {
  if (object === null || operation === 'DELETE') return { kind: 'allowed', patch: [], warnings: [] };
  const id = objectId({ group, kind, namespace, name: nameOf(object) });
  const source: SourceObject = { id, json: deepFreeze(object), locate: () => null };
  const { diagnostics } = decodeObjects(new Map([[id, source]]));
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(sentence);
  const warnings = diagnostics.filter(({ severity }) => severity === 'warning').map(sentence);
  if (errors.length === 0) return { kind: 'allowed', patch: [], warnings };
  return { kind: 'denied', message: `Sluice: ${errors.join('; ').slice(0, 4000)}`, warnings };
}

const sentence = ({ code, path, message }: Diagnostic): string => `${code} ${describePath(path)}: ${message}`;

function nameOf({ metadata }: JsonObject): string {
  const name = isObject(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' ? name.replaceAll('/', '_') : '';
}
