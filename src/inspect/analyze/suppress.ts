// What users do not want to be told: by an option for many objects, by an annotation for one.

import { matchesGlob } from '../../lib/glob.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { diagnosticCodes } from '../../model/diagnostic-codes.ts';
import { sluiceDomain } from '../../model/names.ts';
import { type ObjectSet, objectName } from '../../model/object.ts';
import { codesMeant, istioCodes } from './istio-codes.ts';

/** A code of some objects; asterisks in each part stand for anything. */
export interface Suppression {
  /** As it is written. */
  readonly code: string;
  readonly codes: readonly string[];
  readonly kind: string;
  /** `name.namespace`; only `name` for objects of the whole cluster. */
  readonly object: string;
}

/** Whether a code that users may write, with asterisks, is one of any: a foreign one may stand for nothing here. */
export function isKnown(code: string): boolean {
  const upper = code.toUpperCase();
  return Object.hasOwn(istioCodes, upper) || Object.keys(diagnosticCodes).some((each) => matchesGlob(upper, each));
}

/** Reads `CODE=Kind name.namespace`, or `CODE` for all objects. Null: it is written in another way. */
export function readSuppression(text: string): Suppression | null {
  const equals = text.indexOf('=');
  const code = (equals < 0 ? text : text.slice(0, equals)).trim();
  if (code === '') return null;
  const codes = codesMeant(code);
  if (equals < 0) return { code, codes, kind: '*', object: '*' };
  const words = text
    .slice(equals + 1)
    .split(' ')
    .filter((word) => word !== '');
  const [kind, object, more] = words;
  return kind === undefined || object === undefined || more !== undefined ? null : { code, codes, kind, object };
}

const annotationNames = [`${sluiceDomain}/analyze-suppress`, 'galley.istio.io/analyze-suppress'];

export interface OwnSuppression {
  readonly annotation: string;
  /** As they are written. */
  readonly codes: readonly string[];
}

/** What an object's own annotations suppress: codes, separated by commas. */
export function ownSuppressions(json: JsonObject): readonly OwnSuppression[] {
  const metadata = json['metadata'];
  const annotations = isObject(metadata) ? metadata['annotations'] : null;
  if (!isObject(annotations)) return none;
  return annotationNames.flatMap((annotation) => {
    const value = annotations[annotation];
    const words = typeof value === 'string' ? value.split(',').map((word) => word.trim()) : [];
    const codes = words.filter((word) => word !== '');
    return codes.length === 0 ? [] : [{ annotation, codes }];
  });
}

const none: readonly OwnSuppression[] = [];

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
    const own = json === undefined ? [] : ownSuppressions(json).flatMap(({ codes }) => codes.flatMap(codesMeant));
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
