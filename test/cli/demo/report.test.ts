// How the demo draws who answered.
import { expect, test } from 'vitest';
import { formatRows } from '../../../src/cli/demo/report.ts';
import { displayWidth } from '../../../src/cli/terminal.ts';

const rows = [
  { who: '127.0.0.11:8080', answers: 300 },
  { who: '127.0.0.12:8080', answers: 100, note: '(answers after 50 ms)' },
];
const widest = (columns: number): number => Math.max(...formatRows(rows, columns).split('\n').map(displayWidth));
const bars = (columns: number): readonly number[] => {
  const lines = formatRows(rows, columns).split('\n').slice(1, 3);
  return lines.map((line) => line.split('█').length - 1);
};

test('bars are as long as the terminal lets them be', () => {
  expect(bars(200)).toEqual([30, 10]);
  expect(bars(80)).toEqual([14, 5]);
  for (const columns of [64, 70, 80, 100]) expect(widest(columns)).toBeLessThanOrEqual(columns);
  expect(bars(10)).toEqual([0, 0]);
});
