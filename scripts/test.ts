// All checks and tests, one after the other. The last line says how many passed; the exit status is 1 if any failed.
// `--checks`: only the checks, and the test of the architecture. `--cluster`: only the tests with a Kubernetes API. `--again`: a machine that does other things meanwhile, as CI's,
// may make a test of seconds late; up to three files that failed are run once more, and the first failure is still printed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}
interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages?: readonly string[] | null;
  }[];
}
/** What is read of vitest's JSON report. */
interface Report {
  readonly testResults: readonly TestFile[];
}
interface Run {
  readonly files: readonly TestFile[];
  readonly succeeded: boolean;
}

const checks: readonly Check[] = [
  { name: 'types', command: ['tsc'] },
  { name: 'lint', command: ['biome', 'ci', '--error-on-warnings'] },
  { name: 'unused code', command: ['knip', '--no-progress', '--no-config-hints'] },
];

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Runs a check and prints what came of it; its output only if it failed. */
function runCheck({ name, command: [program, ...args] }: Check): Counts {
  const start = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const passed = status === 0;
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name}  (${seconds(start)})`);
  if (!passed) console.log([stdout, stderr, error?.message].filter(Boolean).join('\n').trimEnd());
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** Runs vitest, whose output is shown as it comes. */
function runVitest(filters: readonly string[]): Run {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const file = join(folder, 'report.json');
  try {
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...filters];
    const { status, error } = spawnSync('vitest', args, { stdio: 'inherit' });
    if (error !== undefined) console.log(`vitest could not be run: ${error.message}`);
    return { files: readReport(file)?.testResults ?? [], succeeded: status === 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

const firstLine = (text = ''): string => (text.split('\n')[0] ?? '').slice(0, 300);

function printFailures(word: string, files: readonly TestFile[]): void {
  for (const { name, status, message, assertionResults } of files) {
    const failed = assertionResults.filter((each) => each.status === 'failed');
    const file = relative('.', name);
    for (const { fullName, failureMessages } of failed) {
      console.log(`${word}  ${file}  ${fullName}  ${firstLine(failureMessages?.[0])}`);
    }
    if (status === 'failed' && failed.length === 0) console.log(`${word}  ${file}  ${firstLine(message)}`);
  }
}

/** Where at most three files have failed, what a second run of them alone says counts; the first is printed as `UNSTEADY`. */
function tryAgain({ files, succeeded }: Run): Run {
  const failed = files.filter(({ status }) => status === 'failed');
  if (succeeded || failed.length === 0 || failed.length > 3) return { files, succeeded };
  console.log('== what failed, once more and alone');
  const second = runVitest([...only, ...failed.map(({ name }) => relative('.', name))]);
  printFailures('UNSTEADY', failed);
  const replaced = new Map(second.files.map((file) => [file.name, file]));
  return { files: files.map((file) => replaced.get(file.name) ?? file), succeeded: second.succeeded };
}

/** A file that could not be loaded counts as one failure, and so does a run that failed for no test's sake. */
function countTests({ files, succeeded }: Run): Counts {
  const tests = files.flatMap((file) => file.assertionResults.map((each) => ({ ...each, file: file.name })));
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').length;
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  const unloaded = files.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  for (const { file, fullName } of skipped) console.log(`skipped  ${relative('.', file)}  ${fullName}`);
  printFailures('FAILED', files);
  if (tests.length === 0) console.log('FAILED  no test was run');
  const failures = failed + unloaded.length;
  const unexplained = failures === 0 && (!succeeded || tests.length === 0) ? 1 : 0;
  if (unexplained > 0 && tests.length > 0) console.log('FAILED  vitest reports an error outside the tests');
  return { passed, failed: failures + unexplained, skipped: skipped.length };
}

const cluster = process.argv.includes('--cluster');
const checksOnly = process.argv.includes('--checks') ? ['test/architecture.test.ts'] : [];
const only = cluster ? ['--config', 'test/cluster/vitest.config.ts'] : checksOnly;
const checked = cluster ? [] : checks.map(runCheck);
const first = runVitest(only);
const counts = [...checked, countTests(process.argv.includes('--again') ? tryAgain(first) : first)];
const sum = (key: keyof Counts): number => counts.reduce((total, each) => total + each[key], 0);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
