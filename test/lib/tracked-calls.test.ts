// What is computed again when tables change: what has looked at what differs, and nothing else.
import { expect, test } from 'vitest';
import { TrackedCalls, wholeOf } from '../../src/lib/tracked-calls.ts';

type Table = ReadonlyMap<string, number>;
type Compute = (input: object, table: Table, other: Table) => number;

/** Plays rounds of one computation over `a`, `b` and `c`; gives for each round which of them were computed. */
function play(compute: (key: string) => Compute, tables: readonly (readonly [Table, Table])[]): readonly string[] {
  const calls = new TrackedCalls<string, object, readonly [Table, Table], number>();
  const input = {};
  return tables.map((pair) => {
    const computed: string[] = [];
    const counted = (key: string): Compute => {
      return (...args) => {
        computed.push(key);
        return compute(key)(...args);
      };
    };
    const run = calls.round(pair, (each) => ['a', 'b', 'c'].map((key) => each(key, input, counted(key))));
    const fresh = ['a', 'b', 'c'].map((key) => compute(key)(input, ...pair));
    expect(run).toEqual(fresh);
    return computed.join('');
  });
}

const [first, second]: readonly [Table, Table] = [new Map([['a', 1]]), new Map([['b', 2]])];
const none: Table = new Map();

test('what was looked up and is the same is not computed again', () => {
  const own =
    (key: string): Compute =>
    (_, table) =>
      table.get(key) ?? 0;
  expect(
    play(own, [
      [first, none],
      [first, second],
      [new Map(first), none],
    ]),
  ).toEqual(['abc', '', '']);
});

test('what looked at a key that changes, comes or goes is computed again', () => {
  const own =
    (key: string): Compute =>
    (_, table, other) =>
      (table.get(key) ?? 0) + (other.has(key) ? 10 : 0);
  const changed: Table = new Map([['a', 2]]);
  expect(
    play(own, [
      [first, none],
      [changed, none],
      [changed, second],
      [none, second],
      [none, none],
    ]),
  ).toEqual(['abc', 'a', 'b', 'a', 'b']);
});

test('what looked at all of a table is computed again with every change of it', () => {
  const total: Compute = (_, table) => [...table.values()].reduce((sum, value) => sum + value, 0);
  const size: Compute = (_, table) => table.size;
  const whole: Compute = (_, table) => wholeOf(table).get('z') ?? 0;
  const by: Readonly<Record<string, Compute>> = { a: total, b: size, c: whole };
  const more: Table = new Map([...first, ['z', 5]]);
  expect(
    play(
      (key) => by[key] ?? total,
      [
        [first, none],
        [more, none],
        [more, second],
      ],
    ),
  ).toEqual(['abc', 'abc', '']);
});

test('another input is computed, and what a round left out is forgotten', () => {
  const calls = new TrackedCalls<string, object, readonly [Table], number>();
  let computed = 0;
  const count = () => {
    computed += 1;
    return computed;
  };
  const [one, other] = [{}, {}];
  const results = [one, one, other].map((input) => calls.round([none], (run) => run('a', input, count)));
  expect(results).toEqual([1, 1, 2]);
  calls.round([none], () => null);
  expect(calls.round([none], (run) => run('a', other, count))).toBe(3);
});
