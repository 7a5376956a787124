// Where objects come from: one interface for files, memory and (later) a Kubernetes API.
import type { Diagnostic } from '../model/diagnostic.ts';
import type { ObjectId, SourceObject } from '../model/object.ts';

export type Change =
  | { readonly kind: 'applied'; readonly object: SourceObject }
  | { readonly kind: 'deleted'; readonly id: ObjectId };

/** What differs since the last report. Changes that belong together (a file, a folder swap) come in one. */
export interface SourceReport {
  readonly changes: readonly Change[];
  /** All that is to be said about the source's input now, not only what is new. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Source {
  /**
   * Starts to watch. The first report holds everything that is there; it resolves the promise once delivered.
   * Rejects only if there is nothing that could be watched.
   */
  start(onReport: (report: SourceReport) => void): Promise<void>;
  /**
   * Resolves once all was reported that there is at the time of the call, or when `signal` aborts. Absent where what is
   * reported cannot lag behind what somebody else has seen.
   */
  catchUp?(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
