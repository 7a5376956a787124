// A folder of its own for each test, a files source that watches it, and the ways in which people change files.
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type FilesTiming, filesSource } from '../../src/sources/files.ts';
import type { SourceLimits } from '../../src/sources/limits.ts';
import type { Source } from '../../src/sources/source.ts';
import { ReportLog } from './report-log.ts';

/** An empty folder that is removed when the test ends. */
export async function emptyFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'sluice-sources-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Replaces a file in one step, as well-behaved programs do. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = join(dirname(path), `.next-${Math.random()}`);
  await writeFile(next, text);
  await rename(next, path);
}

/** Writes a set of files, by their path below the folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

export interface Followed {
  readonly source: Source;
  readonly log: ReportLog;
}

export interface FollowOptions {
  readonly paths: readonly string[];
  readonly timing?: Partial<FilesTiming>;
  readonly limits?: Partial<SourceLimits>;
}

/** A started files source; it is closed when the test ends. The slow re-check is off unless it is asked for. */
export async function follow({ paths, timing, limits }: FollowOptions): Promise<Followed> {
  const log = new ReportLog();
  const source = filesSource({ paths, timing: { recheck: 3_600_000, ...timing }, ...(limits && { limits }) });
  onTestFinished(() => source.close());
  await source.start(log.take);
  return { source, log };
}
