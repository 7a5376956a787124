// The files of a CA in a folder, such as a mounted Secret.
import { randomUUID } from 'node:crypto';
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderHints } from '../folder-hints.ts';
import { Broken, readOptional, readPem } from '../pem-file.ts';
import type { CaFiles } from './ca-material.ts';
import type { CaStore } from './ca-store.ts';

/** The folder is made when something is to be kept in it; its key is readable by its owner alone. */
export function caFolder(path: string): CaStore {
  return {
    place: join(path, '/'),
    read: () => readFiles(path),
    create: (files) => createFiles(path, files),
    watch: (hint) => folderHints(path, hint),
  };
}

async function readFiles(path: string): Promise<CaFiles | null> {
  const [certificate, key] = [await readOptional(path, 'ca-cert.pem'), await readOptional(path, 'ca-key.pem')];
  if (certificate === null && key === null) return null;
  const chain = await readOptional(path, 'cert-chain.pem');
  return {
    'ca-cert.pem': (certificate ?? (await readPem(path, 'ca-cert.pem'))).text,
    'ca-key.pem': (key ?? (await readPem(path, 'ca-key.pem'))).text,
    'root-cert.pem': (await readPem(path, 'root-cert.pem')).text,
    ...(chain !== null && { 'cert-chain.pem': chain.text }),
  };
}

/** Not what is above it: whoever misspells the place should hear of it. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** The key decides who was first: a link does not replace what is there. */
async function createFiles(path: string, files: CaFiles): Promise<boolean> {
  const draft = (name: string): string => join(path, `.${name}.${randomUUID()}`);
  try {
    await makeFolder(path);
    const key = draft('ca-key.pem');
    await writeFile(key, files['ca-key.pem'], { mode: 0o600, flush: true });
    try {
      await link(key, join(path, 'ca-key.pem'));
    } finally {
      await rm(key);
    }
    for (const name of ['root-cert.pem', 'ca-cert.pem'] as const) {
      const file = draft(name);
      await writeFile(file, files[name], { mode: 0o644, flush: true });
      await rename(file, join(path, name));
    }
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    if (code === 'EEXIST') return false;
    throw new Broken(`cannot write ${join(path, 'ca-key.pem')} (${code}): the folder has to be writable, or have a CA`);
  }
}
