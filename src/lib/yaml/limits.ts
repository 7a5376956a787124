// How large a YAML document may be: everything is bounded, so that no text can make its reader slow.

export interface YamlLimits {
  /** Length of a document in UTF-16 code units; also of the document with its aliases written out. */
  readonly documentLength: number;
  /** Words, punctuation and runs of white space of a document: what its parsing costs, about 1 µs each. */
  readonly tokensPerDocument: number;
  /** Lists and mappings within each other. */
  readonly depth: number;
}
