// Copies of the source tree in which patches are tried, and vitest in them.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Guard } from './patches.ts';
import type { Report } from './verdict.ts';

/** What is not under version control, and the same in all copies. */
const links = ['node_modules', 'build', 'proto/generated'];

/** Copies all files that git knows or would take. */
export function copyTree(to: string): void {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  const paths = listed.stdout.split('\0').filter((path) => path !== '' && !links.includes(path) && existsSync(path));
  for (const path of paths) cpSync(path, join(to, path));
  for (const path of links) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    symlinkSync(resolve(path), join(to, path));
  }
}

/** Null, or why the patch does not apply. Little of what surrounds a change has to be as it was. */
export function applyPatch({ patch }: Guard, tree: string): string | null {
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(tree) };
  const applied = spawnSync('git', ['apply', '-C1', resolve(patch)], { cwd: tree, env, encoding: 'utf8' });
  if (applied.status === 0) return null;
  const reason = applied.stderr.split('\n').find((line) => line.startsWith('error: '));
  return `the patch does not apply: ${reason ?? applied.error?.message ?? 'git apply failed'}`;
}

/** Has the files that the patch changes again as they were. */
export function restore({ files }: Guard, tree: string, pristine: string): void {
  for (const file of files) cpSync(join(pristine, file), join(tree, file));
}

export interface Run {
  readonly tree: string;
  readonly tests: readonly string[];
  /** Parts of the names of the tests to run. */
  readonly names: readonly string[];
  readonly workers: number;
  /** Whether the first failure is enough. */
  readonly bail: boolean;
  /** After this time vitest is ended with all that it has started, in milliseconds. */
  readonly deadline: number;
}

/** Of a single test, in milliseconds. */
const testTimeout = 10_000;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

const running = new Set<() => void>();

/** Ends all that runs. */
export function endAll(): void {
  for (const end of running) end();
}

/** Vitest's report of these tests; undefined: it gave none. */
export async function runVitest({ tree, tests, names, workers, bail, deadline }: Run): Promise<Report | undefined> {
  const output = `${tree}.json`;
  rmSync(output, { force: true });
  const options = [
    ...['--reporter=json', `--outputFile=${output}`, `--testTimeout=${testTimeout}`, `--maxWorkers=${workers}`],
    ...['--no-cache', `--fsModuleCachePath=${tree}.cache`, '-t', names.map(escaped).join('|')],
    ...(bail ? ['--bail=1'] : []),
  ];
  const child = spawn(join(tree, 'node_modules/.bin/vitest'), ['run', ...tests, ...options], {
    cwd: tree,
    stdio: 'ignore',
    detached: true,
  });
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  running.add(end);
  const timer = setTimeout(end, deadline);
  await new Promise<void>((done) => {
    child.on('error', () => done());
    child.on('close', () => done());
  });
  clearTimeout(timer);
  running.delete(end);
  return readReport(output);
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}
