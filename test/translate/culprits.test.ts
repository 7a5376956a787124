// which objects are at fault, whatever makes them so.
import { describe, expect, test } from 'vitest';
import type { ObjectSet } from '../../src/model/object.ts';
import { findCulprits } from '../../src/translate/culprits.ts';
import { objectSet, sourceObject } from './objects.ts';

const pods = (count: number, version = 1): ObjectSet =>
  objectSet(
    Array.from({ length: count }, (_, index) =>
      sourceObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `p${index}` }, version }),
    ),
  );
const nameOf = (id: string): string => id.split('/').at(-1) ?? '';

/** Finds with an attempt that fails where the names (each with its version) are as `fails` wants it. */
function find(objects: ObjectSet, good: ObjectSet, fails: (names: ReadonlySet<string>) => boolean) {
  let attempts = 0;
  const found = findCulprits(objects, good, (set) => {
    attempts += 1;
    const names = new Set([...set.values()].map(({ id, json }) => `${nameOf(id)}@${String(json['version'])}`));
    return fails(names) ? { error: new Error('a fault') } : null;
  });
  const names = found?.map(({ object, instead }) => `${nameOf(object.id)} → ${String(instead?.json['version'])}`);
  return { names, attempts };
}

describe('R-50: at the start, where nothing is known to be good', () => {
  test('one of a thousand is found with a dozen attempts', () => {
    const { names, attempts } = find(pods(1000), new Map(), (set) => set.has('p617@1'));
    expect(names).toEqual(['p617 → undefined']);
    expect(attempts).toBeLessThan(16);
  });

  test('several are all found', () => {
    const { names } = find(pods(100), new Map(), (set) => set.has('p3@1') || set.has('p70@1') || set.has('p71@1'));
    expect(names?.toSorted()).toEqual(['p3 → undefined', 'p70 → undefined', 'p71 → undefined']);
  });

  test('of two that fail together one is left out, whichever order they come in', () => {
    const together = (set: ReadonlySet<string>): boolean => set.has('p10@1') && set.has('p20@1');
    const reversed = new Map([...pods(50)].reverse());
    expect(find(pods(50), new Map(), together).names).toEqual(['p20 → undefined']);
    expect(find(reversed, new Map(), together).names).toEqual(['p20 → undefined']);
  });

  test('what fails without any object is no fault of theirs', () => {
    expect(find(pods(10), new Map(), () => true).names).toBeUndefined();
  });

  test('nor is what fails with almost every one', () => {
    expect(find(pods(100), new Map(), (set) => set.size > 10).names).toBeUndefined();
  });
});

describe('R-50: after a change', () => {
  const good = pods(100);

  test('only what has changed is suspected, and goes back to its good form', () => {
    const changed = new Map([...good, ...[...pods(60, 2)].slice(50)]);
    const { names, attempts } = find(changed, good, (set) => set.has('p55@2'));
    expect(names).toEqual(['p55 → 1']);
    expect(attempts).toBeLessThan(9);
  });

  test('something new has no good form', () => {
    expect(find(pods(101), pods(100), (set) => set.has('p100@1')).names).toEqual(['p100 → undefined']);
  });

  test('where something is missing now, what does not bear that is found', () => {
    const fewer = new Map([...good].slice(1));
    expect(find(fewer, good, (set) => set.has('p40@1') && !set.has('p0@1')).names).toEqual(['p40 → undefined']);
  });
});
