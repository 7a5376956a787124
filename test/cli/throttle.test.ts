// A flood of events becomes a line a second, and hides no other event.
import { expect, test } from 'vitest';
import { Throttle } from '../../src/cli/serve/throttle.ts';

interface Line {
  readonly event: number;
  readonly suppressed: number;
}

/** A throttle, what it passed on, and the lines up to the one that is awaited. */
function throttled(spacing: number) {
  const lines: Line[] = [];
  let wake = (): void => {};
  const throttle = new Throttle<number>((event, suppressed = 0) => {
    lines.push({ event, suppressed });
    wake();
  }, spacing);
  const count = async (wanted: number): Promise<readonly Line[]> => {
    while (lines.length < wanted) {
      // A throttle keeps no process alive; the test does.
      const alive = setTimeout(() => {}, 10_000);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      clearTimeout(alive);
    }
    return lines;
  };
  return { throttle, lines, count };
}

test('the first goes at once, and of the rest the newest, with the number of those before it', async () => {
  const { throttle, lines, count } = throttled(20);
  for (let event = 1; event <= 100; event += 1) throttle.add('refused', 'a', event);
  expect(lines).toEqual([{ event: 1, suppressed: 0 }]);
  expect(await count(2)).toEqual([
    { event: 1, suppressed: 0 },
    { event: 100, suppressed: 98 },
  ]);
});

test('kinds and places do not hide each other', () => {
  const { throttle, lines } = throttled(1000);
  throttle.add('refused', 'a', 1);
  throttle.add('refused', 'b', 2);
  throttle.add('held', 'a', 3);
  throttle.add('held', 'a', 4);
  expect(lines.map(({ event }) => event)).toEqual([1, 2, 3]);
});

test('of more than a thousand places those that are new share a line', () => {
  const { throttle, lines } = throttled(1000);
  for (let place = 0; place < 5000; place += 1) throttle.add('refused', `${place}`, place);
  expect(lines.length).toBe(1001);
});
