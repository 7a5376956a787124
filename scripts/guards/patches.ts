// A guard is a piece of code that keeps a numbered rule; its patch in test/guards takes it out. Above the diff stand lines
// that git passes over: what is taken out, and the test that has to notice.
//
//   Guard: what was refused is not due again until it changes
//   Test: test/xds/stream.test.ts
//   Name: R-02: what was refused is not sent again until it changes
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

export interface Guard {
  /** Of its patch: `R-02-not-sent-again`. */
  readonly id: string;
  /** Of its rule: `R-02`. */
  readonly rule: string;
  readonly patch: string;
  /** What the patch takes out. */
  readonly removed: string;
  /** The file of the test, */
  readonly test: string;
  /** and a part of the test's name, `group > test`. */
  readonly name: string;
  /** What the patch changes. */
  readonly files: readonly string[];
}

const fields = ['Guard', 'Test', 'Name'] as const;

/** Reads a patch. Throws where a line above the diff is missing, or where it changes a test. */
export function readGuard(patch: string, text: string): Guard {
  const id = basename(patch, '.patch');
  const rule = /^[RS]-\d\d(?=-)/.exec(id)?.[0];
  if (rule === undefined)
    throw new Error(`${patch}: the name has to begin with a rule, as in R-02-not-sent-again.patch`);
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith('diff --git '));
  const head = start < 0 ? lines : lines.slice(0, start);
  const [removed, test, name] = fields.map((field) => {
    const value = head.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2);
    if (value === undefined || value === '') throw new Error(`${patch}: no line "${field}: …" above the diff`);
    return value;
  }) as [string, string, string];
  const files = lines.filter((line) => line.startsWith('+++ b/')).map((line) => line.slice('+++ b/'.length));
  if (!name.includes(rule)) throw new Error(`${patch}: the test has to be named by its rule, ${rule}`);
  if (files.length === 0) throw new Error(`${patch}: no diff`);
  const others = files.filter((file) => !file.startsWith('src/'));
  if (others.length > 0) throw new Error(`${patch}: changes ${others.join(', ')}, which is not in src`);
  return { id, rule, patch, removed, test, name, files };
}

/** All guards, sorted by their rules. */
export function readGuards(): readonly Guard[] {
  return globSync('test/guards/*.patch')
    .sort()
    .map((patch) => readGuard(patch, readFileSync(patch, 'utf8')));
}

const range = (letter: string, first: number, last: number): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${letter}-${String(first + index).padStart(2, '0')}`);

/** The rules that must have a guard. */
const required = range('R', 1, 30);

/** Those of them that have none. */
export function unguarded(guards: readonly Guard[]): readonly string[] {
  return required.filter((rule) => !guards.some((guard) => guard.rule === rule));
}
