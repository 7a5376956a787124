// Where the files of a CA are kept: a folder, or a Secret of Kubernetes.
import type { CaFiles } from './ca-material.ts';

export interface CaStore {
  /** What the names of the files are told with, such as a folder's path and a slash. */
  readonly place: string;
  /** The files; null where nobody has made any. Throws Broken where they cannot be read. */
  read(): Promise<CaFiles | null>;
  /** Keeps files where there are none; false: somebody else has been faster, and theirs count. */
  create(files: CaFiles): Promise<boolean>;
  /** Calls `hint` whenever they may have changed; what is returned ends that. */
  watch(hint: () => void): () => void;
}
