// When certificates are renewed, when their end is told of, and what a clock that is set changes in that.
import { expect, onTestFinished, test } from 'vitest';
import { type Expiring, type Urgency, urgency, watchExpiry } from '../../src/identity/expiry.ts';
import { renewalTime, retryDelay } from '../../src/identity/renewal.ts';
import { Alarm } from '../../src/identity/wall-clock.ts';

const hour = 3_600_000;
const day = 24 * hour;

test('a certificate is renewed between half and four fifths of its life', () => {
  const validity = { from: hour, to: 2 * hour };
  const shares = [0, 0.999_999_9].map((chance) => (renewalTime(validity, hour, chance) - hour) / hour);
  expect(shares.map((share) => share.toFixed(3))).toEqual(['0.500', '0.800']);
  // Its life began before it came, so that clocks may differ.
  expect(renewalTime(validity, 1.9 * hour, 0)).toBe(1.95 * hour);
  // However little is left, there is a second between two.
  expect(renewalTime(validity, 3 * hour, 0)).toBe(3 * hour + 1000);
});

test('tries that fail become rarer, and not so rare that the certificate expires between them', () => {
  const delays = [1, 2, 3, 4, 20].map((failures) => retryDelay(failures, hour, 1));
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 60_000]);
  expect(retryDelay(20, 60_000, 1)).toBe(6_000);
  expect(retryDelay(20, -1, 1)).toBe(60_000);
});

test.each([48, -48])(
  'R-92: an alarm rings by the clock on the wall, which is set by %i hours',
  { timeout: 10_000 },
  async (hours) => {
    let now = 1_000_000_000_000;
    const rung = new Promise<number>((resolve) => {
      const alarm = new Alarm(() => resolve(now), { now: () => now, look: 5 });
      onTestFinished(() => alarm.stop());
      alarm.set(now + hours * hour);
    });
    if (hours > 0) now += hours * hour;
    expect(await rung).toBe(now);
  },
);

test('R-92: an alarm whose clock goes back waits for longer, and does not ring twice', async () => {
  let now = 1_000_000_000_000;
  const at = now + hour;
  const rings: number[] = [];
  const looks: (() => void)[] = [];
  const clock = {
    look: 2,
    now: () => {
      looks.shift()?.();
      return now;
    },
  };
  const rung = new Promise<void>((resolve) => {
    const alarm = new Alarm(() => {
      rings.push(now);
      resolve();
    }, clock);
    onTestFinished(() => alarm.stop());
    alarm.set(at);
  });
  const look = (): Promise<void> => new Promise((resolve) => looks.push(resolve));
  now -= 48 * hour;
  await look();
  await look();
  expect(rings).toEqual([]);
  now = at;
  await rung;
  expect(rings).toEqual([at]);
});

test('R-91: the end of a certificate is told 30, 7 and 1 days before, once each, and so is its renewal', () => {
  let now = 0;
  let certificate: Expiring = { name: 'ca', from: 0, to: 365 * day };
  const steps: Urgency[] = [];
  const look = (at: number): void => {
    now = at;
    const stop = watchExpiry({
      certificates: () => [certificate],
      now: () => now,
      onStep: (_, step) => steps.push(step),
    });
    stop();
  };
  for (const left of [31, 30, 7, 1, 0]) look((365 - left) * day);
  certificate = { ...certificate, to: 800 * day };
  look(365 * day);
  expect(steps).toEqual([1, 2, 3, 4]);
});

test('R-91: a certificate that lives for a day is not told of before it has expired', () => {
  const life = { from: 0, to: day };
  expect([0, day / 2, day - 1, day].map((now) => urgency(life, now))).toEqual([0, 0, 0, 4]);
  expect(urgency({ from: 0, to: 3 * day }, 2 * day)).toBe(1);
});
