// How a kind is declared: its name, the versions of its API that are read, and the decoder of its objects.
import type { Diagnostic, Outcome } from '../../model/diagnostic.ts';
import type { SourceObject } from '../../model/object.ts';
import { originOf } from '../../model/origin.ts';
import { type Decoder, ignored, object, type Spot } from './decode.ts';
import { type Metadata, metadata } from './metadata.ts';

export interface Kind<T> {
  readonly group: string;
  readonly kind: string;
  readonly versions: readonly string[];
  /** Undefined value: nothing of the object can be used. */
  readonly decode: (object: SourceObject) => Outcome<T | undefined>;
}

/** What of an object besides `metadata` a kind decodes. */
interface Shape<B> {
  readonly group: string;
  readonly kind: string;
  readonly versions: readonly string[];
  readonly required?: readonly (keyof B & string)[];
  /** The decoders of the object's fields other than apiVersion, kind and metadata. */
  readonly body: { readonly [K in keyof B]: Decoder<B[K]> };
}

/** Declares a kind. `build` is handed the decoded fields; what it makes is plain, with all defaults filled in. */
export function kind<B extends object, T>(
  { body, required = [], ...names }: Shape<B>,
  build: (metadata: Metadata, body: Partial<B>, spot: Spot) => T | undefined,
): Kind<T> {
  return {
    ...names,
    decode: (source) => {
      const diagnostics: Diagnostic[] = [];
      const spot: Spot = { origin: originOf(source.id), diagnostics };
      const decoders = { ...body, metadata: metadata(source) };
      const decoded = object(decoders, {
        required: ['metadata', ...required],
        ignored: { apiVersion: ignored, kind: ignored },
      })(source.json, spot);
      if (decoded === undefined) return { value: undefined, diagnostics };
      // The decoders above give these types; the mapped type is beyond what the compiler infers.
      const { metadata: meta, ...fields } = decoded as unknown as { metadata: Metadata } & Partial<B>;
      return { value: build(meta, fields as Partial<B>, spot), diagnostics };
    },
  };
}
