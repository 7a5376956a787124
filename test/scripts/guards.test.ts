// What counts as a guard that is tested, and what a patch has to say of itself.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readGuard, readGuards, unguarded } from '../../scripts/guards/patches.ts';
import { notice, type Report, soundness } from '../../scripts/guards/verdict.ts';

const sought = { test: 'test/a.test.ts', name: 'R-02: once' };

type Results = readonly (readonly [status: string, title: string, message?: string])[];

function report(results: Results, message = ''): Report {
  const assertionResults = results.map(([status, title, failure]) => ({
    status,
    title,
    ancestorTitles: ['a group'],
    failureMessages: failure === undefined ? [] : [`${failure}\n    at somewhere`],
  }));
  return { testResults: [{ name: '/tree/test/a.test.ts', message, assertionResults }] };
}

const wrong = 'AssertionError: expected 1 to be 2';

describe('without the guard', () => {
  const cases: readonly (readonly [sentence: string, Report | undefined, string | null])[] = [
    ['an assertion that fails is what is wanted', report([['failed', 'R-02: once', wrong]]), null],
    ['a test that times out as well', report([['failed', 'R-02: once', 'TestTimeoutError: Test timed out']]), null],
    [
      'one of several is enough',
      report([
        ['passed', 'R-02: once'],
        ['failed', 'R-02: once and for all', wrong],
      ]),
      null,
    ],
    ['a test that passes is not', report([['passed', 'R-02: once']]), 'stays green'],
    ['a failure of another test is not', report([['failed', 'R-03: twice', wrong]]), 'no such test'],
    ['a test that was skipped is not', report([['skipped', 'R-02: once']]), 'no such test'],
    ['code that does not run is not', report([['failed', 'R-02: once', 'ReferenceError: x']]), 'breaks the code'],
    ['a file that does not load is not', report([], 'SyntaxError: x'), 'does not load: SyntaxError'],
    ['a vitest that was ended is not', undefined, 'without a report'],
  ];
  test.each(cases)('%s', (_sentence, given, expected) => {
    expect(notice(given, sought)).toEqual(expected === null ? null : expect.stringContaining(expected));
  });
});

test('with the guard the test has to pass, all of it', () => {
  expect(soundness(report([['passed', 'R-02: once']]), sought)).toBe(null);
  expect(
    soundness(
      report([
        ['passed', 'R-02: once'],
        ['failed', 'R-02: once more', wrong],
      ]),
      sought,
    ),
  ).toContain(wrong);
  expect(soundness(report([]), sought)).toContain('no such test');
  expect(soundness(undefined, sought)).toContain('no such test');
});

describe('a patch', () => {
  const head = 'Guard: a thing\nTest: test/a.test.ts\nName: R-02: once\n\n';
  const diff = 'diff --git a/src/x.ts b/src/x.ts\n--- a/src/x.ts\n+++ b/src/x.ts\n@@ -1 +1 @@\n-a\n+b\n';
  test('says what it takes out, and which test has to notice', () => {
    expect(readGuard('test/guards/R-02-a-thing.patch', head + diff)).toEqual({
      ...{ id: 'R-02-a-thing', rule: 'R-02', patch: 'test/guards/R-02-a-thing.patch', removed: 'a thing' },
      ...{ ...sought, files: ['src/x.ts'] },
    });
  });
  const bad: readonly (readonly [sentence: string, name: string, text: string, reason: string])[] = [
    ['without a rule', 'a-thing', head + diff, 'begin with a rule'],
    ['without a test', 'R-02-a', head.replace('Test: ', 'Tests: ') + diff, 'no line "Test: …"'],
    ['whose test is of another rule', 'R-03-a', head + diff, 'named by its rule, R-03'],
    ['without a diff', 'R-02-a', head, 'no diff'],
    ['that changes a test', 'R-02-a', head + diff.replaceAll('/src/', '/test/'), 'not in src'],
  ];
  test.each(bad)('%s is refused', (_sentence, name, text, reason) => {
    expect(() => readGuard(`test/guards/${name}.patch`, text)).toThrow(reason);
  });
});

test('every rule from R-01 to R-30 has a guard, and every guard a test', () => {
  const guards = readGuards();
  expect(guards.length).toBeGreaterThanOrEqual(40);
  expect(unguarded(guards)).toEqual([]);
  expect(unguarded(guards.filter(({ rule }) => rule !== 'R-07'))).toEqual(['R-07']);
  const nowhere = guards.filter(
    ({ test: file, rule }) => !existsSync(file) || !readFileSync(file, 'utf8').includes(rule),
  );
  expect(nowhere).toEqual([]);
});
