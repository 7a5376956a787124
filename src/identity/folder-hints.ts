// Notices that something in a folder may have changed.
import { watch } from 'node:fs';

/**
 * Calls `hint` whenever an entry of the folder comes, goes or changes; what is returned ends that. A folder that is not
 * there gives no hints. Kubernetes replaces a mounted Secret's files by turning the link `..data`, which is an entry as well.
 */
export function folderHints(path: string, hint: () => void): () => void {
  try {
    const watcher = watch(path, hint);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
