// How much input a source takes: everything is bounded, so that no file can exhaust the control plane.
import type { YamlLimits } from '../lib/yaml/limits.ts';

export interface SourceLimits extends YamlLimits {
  /** Size of a file in bytes, looked at before it is read. */
  readonly fileBytes: number;
  readonly documentsPerFile: number;
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
