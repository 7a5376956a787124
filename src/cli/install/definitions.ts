// Istio's CustomResourceDefinitions, which set-up has fetched with the pinned Go module.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Beside the program in an image; in a checkout where set-up puts them. Null: they are not there. */
export async function definitionsText(): Promise<string | null> {
  const root = import.meta.dirname;
  for (const way of ['crds.yaml', '../build/istio-api/crds.yaml', '../../../build/istio-api/crds.yaml']) {
    const text = await readFile(join(root, way), 'utf8').catch(() => null);
    if (text !== null) return text.endsWith('\n') ? text : `${text}\n`;
  }
  return null;
}
