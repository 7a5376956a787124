// A golden file against what is there now; with GOLDEN=write it is written anew.
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

const writing = process.env['GOLDEN'] === 'write';

/** An empty text stands for no file. */
export function compare(file: string, actual: string): void {
  if (writing) {
    if (actual === '') rmSync(file, { force: true });
    else writeFileSync(file, actual);
    return;
  }
  const expected = actual === '' && globSync(file).length === 0 ? '' : readFileSync(file, 'utf8');
  expect(actual).toBe(expected);
}
