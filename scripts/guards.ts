// Takes out one guard after the other, each by its committed patch, and runs the guard's own test: it has to fail. The last
// line says how many guards are tested; the exit status is 1 if one is not.
//
//   node scripts/guards.ts [RULE or PATCH ...]   all, or some: `R-25`, `R-02-not-sent-again`
//   node scripts/guards.ts --list                the table of guards
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Guard, readGuards, unguarded } from './guards/patches.ts';
import { applyPatch, copyTree, endAll, restore, runVitest } from './guards/trees.ts';
import { notice, type Report, soundness } from './guards/verdict.ts';

const workers = availableParallelism();
/** In milliseconds. */
const deadlines = { clean: 600_000, patched: 120_000 } as const;

const wanted = process.argv.slice(2).filter((argument) => argument !== '--list');
const all = readGuards();
const guards = all.filter(({ id, rule }) => wanted.length === 0 || wanted.includes(id) || wanted.includes(rule));

function printTable(): void {
  const [ids, tests] = [all.map(({ id }) => id.length), all.map(({ test }) => test.length)];
  const [id, test] = [Math.max(...ids), Math.max(...tests)];
  for (const guard of all) {
    console.log(`${guard.id.padEnd(id)}  ${guard.test.padEnd(test)}  ${guard.removed}`);
  }
}

const renewal = ({ patch }: Guard): string =>
  `with all else committed take the guard out of src, then: (sed '/^diff/,$d' ${patch}; git diff src) > new && mv new ${patch} && git apply -R ${patch}`;

/** Null where the guard is tested, or why it is not. */
async function tryWithout(guard: Guard, tree: string, pristine: string): Promise<string | null> {
  const wrong = applyPatch(guard, tree);
  if (wrong !== null) return `${wrong}\n  To renew it: ${renewal(guard)}`;
  const { test, name } = guard;
  const report = await runVitest({
    tree,
    tests: [test],
    names: [name],
    workers: 1,
    bail: true,
    deadline: deadlines.patched,
  });
  restore(guard, tree, pristine);
  return notice(report, guard);
}

/** Null where the guard is tested, or why it is not. A busy machine may make a test late: what went wrong is tried once more. */
async function trial(guard: Guard, tree: string, pristine: string, report: Report | undefined): Promise<string | null> {
  const unsound = soundness(report, guard);
  const wrong = unsound ?? (await tryWithout(guard, tree, pristine));
  if (wrong === null) return null;
  console.log(`again     ${guard.id}  ${wrong}`);
  const { test, name } = guard;
  const alone = { tree, tests: [test], names: [name], workers: 1, bail: false, deadline: deadlines.patched };
  return soundness(await runVitest(alone), guard) ?? (await tryWithout(guard, tree, pristine));
}

/** Tries all of them, as many at a time as there are processors; gives a line for each that is not tested. */
async function tryAll(folder: string, pristine: string, report: Report | undefined): Promise<string[]> {
  const waiting = [...guards];
  const untested: string[] = [];
  const work = async (_: unknown, index: number): Promise<void> => {
    const tree = join(folder, `tree-${index}`);
    cpSync(pristine, tree, { recursive: true, verbatimSymlinks: true });
    for (let guard = waiting.shift(); guard !== undefined; guard = waiting.shift()) {
      const start = performance.now();
      const wrong = await trial(guard, tree, pristine, report);
      const took = `${guard.id}  (${((performance.now() - start) / 1000).toFixed(1)} s)`;
      if (wrong !== null) untested.push(`UNTESTED  ${took}  ${wrong}`);
      console.log(wrong === null ? `tested    ${took}` : untested.at(-1));
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return untested;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-guards-'));
  process.on('exit', () => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  const missing = wanted.length === 0 ? unguarded(all) : [];
  const pristine = join(folder, 'pristine');
  copyTree(pristine);
  const tests = [...new Set(guards.map(({ test }) => test))];
  const names = [...new Set(guards.map(({ name }) => name))];
  const report = await runVitest({ tree: pristine, tests, names, workers, bail: false, deadline: deadlines.clean });
  const untested = await tryAll(folder, pristine, report);
  const tested = guards.length - untested.length;
  if (missing.length > 0) untested.push(`UNTESTED  without a guard: ${missing.join(', ')}`);
  if (untested.length > 0) console.log(untested.join('\n'));
  console.log(`guards: ${tested} of ${guards.length + missing.length} tested`);
  process.exitCode = tested === guards.length && tested > 0 && missing.length === 0 ? 0 : 1;
}

const unknown = wanted.filter((each) => !all.some(({ id, rule }) => each === id || each === rule));
if (process.argv.includes('--list')) printTable();
else if (unknown.length === 0) await main();
else {
  console.log(`no such guard: ${unknown.join(', ')}`);
  process.exitCode = 1;
}
