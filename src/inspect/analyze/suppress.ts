// What users do not want to be told: by an option for many objects, by an annotation for one.

import { matchesGlob } from '../../lib/glob.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { sluiceDomain } from '../../model/names.ts';
import { type ObjectSet, objectName } from '../../model/object.ts';
import { codesMeant } from './istio-codes.ts';

/** A code of some objects; asterisks in each part stand for anything. */
export interface Suppression {
  readonly codes: readonly string[];
  readonly kind: string;
  /** `name.namespace`; only `name` for objects of the whole cluster. */
  readonly object: string;
}

/** Reads `CODE=Kind name.namespace`, or `CODE` for all objects. Null: it is written in another way. */
export function readSuppression(text: string): Suppression | null {
  const equals = text.indexOf('=');
  const code = (equals < 0 ? text : text.slice(0, equals)).trim();
  if (code === '') return null;
  const codes = codesMeant(code);
  if (equals < 0) return { codes, kind: '*', object: '*' };
  const words = text
    .slice(equals + 1)
    .split(' ')
    .filter((word) => word !== '');
  const [kind, object, more] = words;
  return kind === undefined || object === undefined || more !== undefined ? null : { codes, kind, object };
}

const annotationNames = [`${sluiceDomain}/analyze-suppress`, 'galley.istio.io/analyze-suppress'];

/** The codes that an object's own annotation names, separated by commas. */
function ownCodes(json: JsonObject): readonly string[] {
  const metadata = json['metadata'];
  const annotations = isObject(metadata) ? metadata['annotations'] : null;
  if (!isObject(annotations)) return [];
  return annotationNames.flatMap((name) => {
    const value = annotations[name];
    return typeof value === 'string' ? value.split(',').flatMap((word) => codesMeant(word.trim())) : [];
  });
}

/** The diagnostics that nobody has suppressed. What belongs to no object always stays. */
export function withoutSuppressed(
  diagnostics: readonly Diagnostic[],
  objects: ObjectSet,
  suppressions: readonly Suppression[],
): readonly Diagnostic[] {
  return diagnostics.filter(({ code, object }) => {
    if (object === null) return true;
    const { kind, namespace, name } = objectName(object);
    const full = namespace === '' ? name : `${name}.${namespace}`;
    const json = objects.get(object)?.json;
    const own = json === undefined ? [] : ownCodes(json);
    return !(
      own.some((each) => matchesGlob(each, code)) ||
      suppressions.some(
        (each) =>
          each.codes.some((one) => matchesGlob(one, code)) &&
          matchesGlob(each.kind, kind) &&
          matchesGlob(each.object, full),
      )
    );
  });
}
