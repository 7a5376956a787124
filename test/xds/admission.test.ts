// Who is brought up to date, and in which order, without a network.
import { expect, test } from 'vitest';
import { Admission } from '../../src/xds/admission.ts';

/** Lets applicants in by name; `leave` and `gone` are what their streams would call. */
function door(syncing: number) {
  const admission = new Admission({ syncing, waiting: 10, longestWait: 60_000, longestSync: 60_000 });
  const inside: string[] = [];
  const leave = new Map<string, () => void>();
  const gone = new Map<string, () => void>();
  const enter = (name: string): void => {
    const applicant = {
      admitted: (leaving: () => void) => {
        inside.push(name);
        leave.set(name, leaving);
      },
      refused: () => {},
    };
    gone.set(name, admission.enter(applicant));
  };
  return { inside, enter, leave: (name: string) => leave.get(name)?.(), gone: (name: string) => gone.get(name)?.() };
}

test('R-31: a place is given to the next in line when one is free, and only once', () => {
  const { inside, enter, leave, gone } = door(2);
  for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name);
  expect(inside).toEqual(['a', 'b']);
  gone('c');
  leave('a');
  leave('a');
  gone('a');
  expect(inside).toEqual(['a', 'b', 'd']);
  for (const name of ['b', 'd', 'e']) gone(name);
});
