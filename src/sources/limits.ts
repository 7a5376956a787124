// How much input a source takes: everything is bounded, so that no file can exhaust the control plane.

export interface SourceLimits {
  /** Size of a file in bytes, looked at before it is read. */
  readonly fileBytes: number;
  readonly documentsPerFile: number;
  /** Length of a document in UTF-16 code units; also of the document with its aliases written out. */
  readonly documentLength: number;
  /** Words, punctuation and runs of white space of a document: what its parsing costs, about 1 µs each. */
  readonly tokensPerDocument: number;
  /** Lists and mappings within each other. */
  readonly depth: number;
  /** Objects that one source holds. */
  readonly objects: number;
  /** Files that one source reads. */
  readonly files: number;
  /** Folders within each other. */
  readonly folderDepth: number;
}

const mebi = 1024 * 1024;

export const defaultLimits: SourceLimits = {
  fileBytes: 128 * mebi,
  documentsPerFile: 65_536,
  documentLength: 3 * mebi,
  tokensPerDocument: 1_000_000,
  depth: 100,
  objects: 1_000_000,
  files: 65_536,
  folderDepth: 32,
};

/** The limits with some of them changed. */
export function withLimits(limits: Partial<SourceLimits> = {}): SourceLimits {
  return { ...defaultLimits, ...limits };
}
