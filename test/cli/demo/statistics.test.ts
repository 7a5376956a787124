// The bounds on which the checks of traffic rest.
import { expect, test } from 'vitest';
import { atMost, evenBounds, inTurns, repeats } from '../../../src/cli/demo/statistics.ts';

test('binomial tails are exact', () => {
  expect(atMost(0, 10, 0.5)).toBeCloseTo(1 / 1024, 12);
  expect(atMost(5, 10, 0.5)).toBeCloseTo(638 / 1024, 12);
  expect(atMost(10, 10, 0.5)).toBe(1);
  expect(atMost(-1, 10, 0.5)).toBe(0);
  // Ten standard deviations away, and still exact.
  expect(atMost(0, 1000, 0.1) / 0.9 ** 1000).toBeCloseTo(1, 9);
});

test('even bounds hold what chance gives but for the false alarms that were asked for', () => {
  const { least, most } = evenBounds(600, 3, 1e-9);
  expect(atMost(least - 1, 600, 1 / 3)).toBeLessThan(1e-9 / 6);
  expect(atMost(least, 600, 1 / 3)).toBeGreaterThan(1e-9 / 6);
  expect(1 - atMost(most, 600, 1 / 3)).toBeLessThan(1e-9 / 6);
  expect(evenBounds(50, 1, 1e-9)).toEqual({ least: 50, most: 50 });
});

test('turns are told from chance', () => {
  expect(inTurns(['a', 'b', 'c', 'a', 'b', 'c', 'a'], 3)).toBe(true);
  expect(inTurns(['a', 'b', 'a', 'c'], 3)).toBe(false);
  expect(inTurns([], 3)).toBe(true);
  expect(repeats(['a', 'a', 'b', 'b', 'b', 'a'])).toBe(3);
});
