// How a run of the benchmark is judged.
import { expect, test } from 'vitest';
import { goals, verdicts } from '../../bench/goals.ts';
import { medianOf } from '../../bench/median.ts';
import type { Results } from '../../bench/results.ts';

const start = (readyMs: number) => ({ readyMs, usage: { cpuSeconds: 1, memory: 100, peak: 120 } });

test('a goal is met up to the required value, and its stretch up to the other', () => {
  const results: Results = { start: { M: start(5000), L: start(40_001) } };
  const judged = verdicts(results, ['start']).map(({ value, met, stretchMet }) => [value, met, stretchMet]);
  expect(judged).toEqual([
    [5, true, false],
    [40.001, false, false],
  ]);
});

test('a goal that was asked for and could not be measured is missed', () => {
  const judged = verdicts({}, ['start', 'tls']);
  expect(judged.map(({ value, met }) => [value, met])).toEqual([
    [undefined, false],
    [undefined, false],
    [undefined, false],
  ]);
});

test('a goal is judged only where all that it needs was asked for', () => {
  const names = verdicts({}, ['M', 'S']).map(({ goal }) => goal.name);
  expect(names.filter((name) => name.includes('prototype'))).toEqual([]);
  expect(names).toContain('M: peak memory');
});

test('no stretch goal is easier than what is required', () => {
  expect(goals.filter(({ required, stretch }) => stretch !== null && stretch > required)).toEqual([]);
});

test('of several runs each number is the median of its own', () => {
  expect(
    medianOf([
      { a: 3, of: { b: 1 } },
      { a: 1, of: { b: 9 } },
      { a: 2, of: { b: 5 } },
    ]),
  ).toEqual({ a: 2, of: { b: 5 } });
});
