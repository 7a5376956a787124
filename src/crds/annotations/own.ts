// Annotations that begin with our domain: for what a kind has no field for.
import { sluiceDomain } from '../../model/names.ts';
import { type Decoder, ignoring, inside, object, report, type Spot, string } from '../values/decode.ts';
import type { Metadata } from '../values/metadata.ts';

type Decoders = Readonly<Record<string, Decoder<unknown>>>;

/** What was found, by the names behind the prefix; what is of no use is undefined. */
export type Found<F extends Decoders> = {
  readonly [K in keyof F]?: F[K] extends Decoder<infer T> ? T | undefined : never;
};

const prefix = `${sluiceDomain}/`;

/** Where an annotation of ours stands. */
export const annotationSpot = (spot: Spot, name: string): Spot =>
  inside(spot, 'metadata', 'annotations', prefix + name);

/**
 * Declares the annotations of a kind, by their names behind the prefix. What is made of it reads those of an object, and
 * reports others that begin with the prefix, with the nearest spelling; null: there are none.
 */
export function ownAnnotations<F extends Decoders>(
  fields: F,
): (metadata: Pick<Metadata, 'annotations'>, spot: Spot) => Found<F> | null {
  const prefixed = Object.fromEntries(Object.entries(fields).map(([name, decode]) => [prefix + name, decode]));
  const decode = object<Decoders>(prefixed, { ignored: ignoring(`${prefix}analyze-suppress`) });
  return ({ annotations }, spot) => {
    if (annotations.size === 0) return null;
    const written = [...annotations].filter(([name]) => name.startsWith(prefix));
    if (written.length === 0) return null;
    const decoded = decode(Object.fromEntries(written), inside(spot, 'metadata', 'annotations')) ?? {};
    const named = Object.entries(decoded).map(([name, value]) => [name.slice(prefix.length), value] as const);
    // The decoders above give these types.
    return Object.fromEntries(named) as Found<F>;
  };
}

const isNumeral = (text: string): boolean =>
  text.length <= 20 &&
  [...text].some((each) => each !== '.') &&
  [...text].every((each) => '.0123456789'.includes(each));

/** Annotations are text: a number in quotes. */
export function inQuotes(decode: Decoder<number>): Decoder<number> {
  return (value, spot) => {
    const text = string(value, spot);
    if (text === undefined) return undefined;
    if (isNumeral(text) && !Number.isNaN(Number(text))) return decode(Number(text), spot);
    return report(spot, 'SLC0102', `expected a number such as "2", found ${JSON.stringify(text.slice(0, 60))}`);
  };
}
