// PEM files of a folder, read whole or not at all.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { withoutMark } from './pem.ts';

/** A file of more bytes is not read. */
const largestFile = 1 << 20;

/** Why something cannot be used: one line that names the file and says what to do, and has nothing of a key in it. */
export class Broken extends Error {}

export interface PemFile {
  readonly path: string;
  readonly text: string;
  /** Whether others than its owner can read it. */
  readonly shared: boolean;
}

/** Throws Broken where there is no such file, or none that can be read. */
export async function readPem(folder: string, name: string): Promise<PemFile> {
  const file = await readOptional(folder, name);
  if (file !== null) return file;
  throw new Broken(`there is no ${join(folder, name)}: it has to be a readable file in PEM format`);
}

/** Null where there is no such file. Throws Broken for one that cannot be read. */
export async function readOptional(folder: string, name: string): Promise<PemFile | null> {
  const path = join(folder, name);
  try {
    // Not waiting for whoever writes into a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > largestFile) {
      throw new Broken(`${path} is not a file of at most ${largestFile} bytes: it has to be one in PEM format`);
    }
    return { path, text: withoutMark(await file.readFile('utf8')), shared: (stat.mode & 0o044) !== 0 };
  } catch (error) {
    if (error instanceof Broken) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    if (code === 'ENOENT') return null;
    throw new Broken(`cannot read ${path} (${code}): it has to be a readable file in PEM format`);
  }
}
