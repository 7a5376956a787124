// What the walk over a kind's schema has to know besides the schema: an object to start from, and what fields need beside
// them to have an effect.
import type { JsonObject, JsonValue } from '../../src/lib/json.ts';
import type { DiagnosticCode } from '../../src/model/diagnostic-codes.ts';

/** Paths are as `describe` of leaves.ts writes them, below `spec`. */
export interface Context {
  /** The leaves that it is for: the one of this path, or all below it. */
  readonly for: string;
  /** Where `put` goes: a part of `for` from its beginning; `for` itself if absent. */
  readonly at?: string;
  /** Laid over what is there before the leaf is set. Null takes a field away. */
  readonly put?: JsonValue;
  /** What the leaf is set to. */
  readonly value?: JsonValue;
  /** What may be said of a good value, besides that it is not supported (SLC0108) or deprecated (SLC0109). */
  readonly says?: DiagnosticCode;
}

export interface KindCase {
  readonly spec: JsonObject;
  /** In this order; where several are for a leaf, all of them apply. */
  readonly contexts: readonly Context[];
  /** Objects that are there as well. */
  readonly objects: readonly JsonObject[];
  /** Why fields have no effect, in this version or ever. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Names that people read and that decide nothing. */
  readonly names?: readonly string[];
  /** Sub-trees that are the same as another: contexts for the other one are for them too. In this order. */
  readonly same: readonly { readonly here: string; readonly as: string }[];
}
