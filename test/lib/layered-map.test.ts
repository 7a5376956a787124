// A layered map is like the plain one of the same values, whatever happened to it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { baseOf, touchedKeys, withValues } from '../../src/lib/layered-map.ts';
import { StableTable } from '../../src/lib/stable-table.ts';
import { differingKeys } from '../../src/lib/tracked-calls.ts';

const changes = fc.array(fc.dictionary(fc.integer({ min: 0, max: 400 }).map(String), fc.nat(3), { maxKeys: 100 }), {
  minLength: 1,
  maxLength: 8,
});
const start = new Map(Array.from({ length: 300 }, (_, index) => [String(index), index % 4] as const));

test('it has the values, in the order in which their keys came', () => {
  fc.assert(
    fc.property(changes, (rounds) => {
      let layered: ReadonlyMap<string, number> = start;
      let plain = new Map(start);
      for (const values of rounds) {
        const before = layered;
        layered = withValues(layered, new Map(Object.entries(values)));
        const next = new Map([...plain, ...Object.entries(values)]);
        expect([...layered]).toEqual([...next]);
        expect([...layered.values()]).toEqual([...next.values()]);
        expect([...layered.keys()].map((key) => layered.get(key))).toEqual([...next.values()]);
        expect(layered.size).toBe(next.size);
        const differing = [...next].filter(([key, value]) => plain.get(key) !== value).map(([key]) => key);
        expect([...differingKeys(before, layered)].sort()).toEqual(differing.sort());
        plain = next;
      }
    }),
    { numRuns: 200 },
  );
});

test('values that are equal stay the same objects, and a table of nothing else the same table', () => {
  const table = new StableTable<string, { readonly at: number }>();
  const first = table.update(new Map(['a', 'b', 'c'].map((key, at) => [key, { at }] as const)));
  const same = withValues(first, new Map([['b', { at: 1 }]]));
  expect(table.update(same)).toBe(first);
  const other = table.update(withValues(same, new Map([['c', { at: 7 }]])));
  expect([...other.values()]).toEqual([{ at: 0 }, { at: 1 }, { at: 7 }]);
  expect(other.get('b')).toBe(first.get('b'));
});

test('keys of other maps tell nothing, and many changes end in a plain map', () => {
  const other = new Map(start);
  expect(touchedKeys(start, other)).toBeNull();
  const one = withValues(start, new Map([['1', 9]]));
  expect(baseOf(one)).toBe(start);
  expect([...(touchedKeys(one, start) ?? [])]).toEqual(['1']);
  const all = withValues(one, new Map([...start.keys()].map((key) => [key, 5] as const)));
  expect(baseOf(all)).toBe(all);
});
