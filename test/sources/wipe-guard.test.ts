// what is held, what goes through, and when.
import { expect, test } from 'vitest';
import type { ObjectSet } from '../../src/model/object.ts';
import { defaultWipeGuard, guard, newWipeGuard, wipeDiagnostics } from '../../src/sources/wipe-guard.ts';
import { objectSet, sourceObject } from '../translate/objects.ts';

const { confirmAfter, window } = defaultWipeGuard;

/** Objects of a kind, by their numbers. */
function objects(kind: 'Service' | 'Pod', from: number, to: number): ObjectSet {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  return objectSet(
    numbers.map((number) => sourceObject({ apiVersion: 'v1', kind, metadata: { name: `n${number}` }, spec: {} })),
  );
}
const all = (...sets: readonly ObjectSet[]): ObjectSet => new Map(sets.flatMap((set) => [...set]));

/** What is in force after each of these, and how many are held. */
function run(...updates: readonly (readonly [at: number, next: ObjectSet])[]): readonly string[] {
  let state = newWipeGuard;
  return updates.map(([at, next]) => {
    state = guard(state, next, at, defaultWipeGuard);
    return `${state.accepted?.size} in force, ${state.held.size} held`;
  });
}

test('R-43: the first update is taken as it is, and a folder that is empty from then on keeps everything', () => {
  expect(run([0, objects('Service', 0, 20)], [1000, new Map()], [1001, new Map()])).toEqual([
    '20 in force, 0 held',
    '20 in force, 20 held',
    '20 in force, 20 held',
  ]);
});

test('R-43: ten objects may go at once, and so may half of many', () => {
  expect(run([0, objects('Service', 0, 11)], [1, objects('Service', 10, 11)])[1]).toBe('1 in force, 0 held');
  expect(run([0, objects('Service', 0, 100)], [1, objects('Service', 50, 100)])[1]).toBe('50 in force, 0 held');
  expect(run([0, objects('Service', 0, 100)], [1, objects('Service', 51, 100)])[1]).toBe('100 in force, 51 held');
  expect(run([0, objects('Service', 0, 11)], [1, new Map()])[1]).toBe('11 in force, 11 held');
});

test('R-43: one Service of several may go, and the last one is held, with what goes with it', () => {
  const [services, pods] = [objects('Service', 0, 2), objects('Pod', 0, 2)];
  const steps = [
    [1, all(objects('Service', 1, 2), objects('Pod', 1, 2))],
    [window + 1, new Map()],
    [window + 2, objects('Service', 1, 2)],
    [window + 3, new Map()],
    [window + 3 + confirmAfter, new Map()],
  ] as const;
  expect(run([0, all(services, pods)], ...steps).slice(1)).toEqual([
    '2 in force, 0 held',
    '2 in force, 2 held',
    '2 in force, 1 held',
    '2 in force, 2 held',
    '0 in force, 0 held',
  ]);
});

test('R-43: a small folder that loses all its files one after the other has all of them back', () => {
  const steps = [1, 2, 3].map((from) => [from, objects('Service', from, 3)] as const);
  expect(run([0, objects('Service', 0, 3)], ...steps).at(-1)).toBe('3 in force, 3 held');
});

test('R-43: a wipe that comes in portions is one', () => {
  const steps = [60, 70, 80, 90].map((from, index) => [index + 1, objects('Service', from - 20, 100)] as const);
  expect(run([0, objects('Service', 0, 100)], ...steps)).toEqual([
    '100 in force, 0 held',
    '60 in force, 0 held',
    '50 in force, 0 held',
    // Now that it is one, what went first is back.
    '100 in force, 60 held',
    '100 in force, 70 held',
  ]);
  const slowly = steps.map(([, next], index) => [(index + 1) * window, next] as const);
  expect(run([0, objects('Service', 0, 100)], ...slowly).at(-1)).toBe('30 in force, 0 held');
});

test('R-43: what is still gone when it is looked at again after the time is gone', () => {
  const before = objects('Service', 0, 20);
  expect(run([0, before], [1, new Map()], [confirmAfter, new Map()], [confirmAfter + 1, new Map()])).toEqual([
    '20 in force, 0 held',
    '20 in force, 20 held',
    '20 in force, 20 held',
    '0 in force, 0 held',
  ]);
});

test('R-43: the time begins anew when more is gone or some of it is back', () => {
  const before = objects('Service', 0, 100);
  const late = confirmAfter;
  const more = run([0, before], [1, objects('Service', 80, 100)], [late, new Map()], [late + 1, new Map()]);
  expect(more.slice(1)).toEqual(['100 in force, 80 held', '100 in force, 100 held', '100 in force, 100 held']);
  const fewer = run([0, before], [1, new Map()], [late, objects('Service', 90, 100)], [late + 1, new Map()]);
  expect(fewer.slice(1)).toEqual(['100 in force, 100 held', '100 in force, 90 held', '100 in force, 100 held']);
});

test('R-43: what comes back in portions takes the rest neither with it nor away', () => {
  const before = objects('Service', 0, 100);
  const portions = [90, 50, 5, 0].map((from, index) => [index + 2, objects('Service', from, 100)] as const);
  const steps = run([0, before], [1, new Map()], ...portions);
  expect(steps.slice(2)).toEqual([90, 50, 5, 0].map((held) => `100 in force, ${held} held`));
  const last = [confirmAfter + 4, objects('Service', 5, 100)] as const;
  expect(run([0, before], [1, new Map()], ...portions.slice(0, 3), last).at(-1)).toBe('95 in force, 0 held');
});

test('R-43: a wipe takes nothing else with it, and stops nothing else', () => {
  const [services, pods] = [objects('Service', 0, 20), objects('Pod', 0, 20)];
  const updates = run(
    [0, all(services, pods)],
    // The pods that go together with the services are held with them,
    [1, objects('Pod', 1, 20)],
    // those that come or go later do so.
    [2, objects('Pod', 2, 30)],
    [3, all(objects('Pod', 2, 30), objects('Service', 20, 25))],
  );
  expect(updates.slice(1)).toEqual(['40 in force, 21 held', '49 in force, 21 held', '54 in force, 21 held']);
});

test('R-43: objects that nobody reads may go as they like', () => {
  const unread = objectSet(
    Array.from({ length: 20 }, (_, index) =>
      sourceObject({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `n${index}` } }),
    ),
  );
  expect(run([0, unread], [1, new Map()])[1]).toBe('0 in force, 0 held');
});

test('R-43: says how many of what kind are held, in the same words as long as they are', () => {
  const first = guard(newWipeGuard, all(objects('Service', 0, 30), objects('Pod', 0, 5)), 0, defaultWipeGuard);
  const held = guard(first, objects('Service', 0, 2), 1, defaultWipeGuard);
  expect(wipeDiagnostics(first)).toEqual([]);
  expect(wipeDiagnostics(held)).toMatchObject([
    { code: 'SLC0007', message: 'gone at once, and kept in force for now: 28 of 30 Service, 5 of 5 Pod' },
  ]);
  expect(wipeDiagnostics(guard(held, objects('Service', 0, 2), 2, defaultWipeGuard))).toEqual(wipeDiagnostics(held));
});
