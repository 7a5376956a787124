// One measurement per load-balancing algorithm: real requests, and whether what came of them is what it promises.
import type { Backends } from './backends.ts';
import type { Row, Verdict } from './report.ts';
import { evenBounds, inTurns, repeats } from './statistics.ts';
import { type Answer, type Call, type Client, plainCall, send } from './traffic.ts';

/** What a measurement works with. */
export interface Scene {
  readonly client: Client;
  readonly backends: Backends;
  /** The names of the backends that should answer. */
  readonly names: readonly string[];
  /** How many requests a measurement may send. */
  readonly requests: number;
  /** Runs `meanwhile` while Envoy does not have the endpoint of one backend, and then gives it back. */
  withoutOne<T>(name: string, meanwhile: () => Promise<T>): Promise<T>;
}

export interface Measured {
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  readonly answers: readonly Answer[];
}

/** So many requests are under way at a time where a slow backend is to be felt. */
const atOnce = 8;
/** How slow the slow backend is, in milliseconds: far slower than anything else here. */
const slowness = 50;
/** How often chance alone may make a check fail. */
const falseAlarm = 1e-9;

/** Everybody once, then everybody once again: no chance in it. */
export async function measureTurns({ client, names, requests }: Scene): Promise<Measured> {
  const answers = await send(client, plain(requests), 1);
  const ok = inTurns(sequence(answers), names.length);
  const verdict = { ok, text: `exact turns: every ${names.length} answers in a row are from ${names.length} backends` };
  return { rows: countRows(names, answers), verdicts: [verdict], answers };
}

/** Only counts: for a policy as it was found. */
export async function measureSpread({ client, names, requests }: Scene): Promise<Measured> {
  const answers = await send(client, plain(requests), 1);
  return { rows: countRows(names, answers), verdicts: [], answers };
}

/** Of two picked at random the less busy one is asked, so a slow backend gets clearly less than its part. */
export async function measureLeastRequest(scene: Scene): Promise<Measured> {
  const { client, names, requests } = scene;
  const { slow, answers } = await withSlowOne(scene, () => send(client, plain(requests), atOnce));
  // A blind policy gives it 1/n; least request leaves it the 1/n² of the picks in which both are the slow one.
  const limit = Math.floor((requests * (1 / names.length + 1 / names.length ** 2)) / 2);
  const count = sequence(answers).filter((who) => who === slow).length;
  const fair = Math.round(requests / names.length);
  const verdict = { ok: count <= limit, text: `the slow one got ${count}, not its part of ${fair} (at most ${limit})` };
  return { rows: countRows(names, answers, slow), verdicts: [verdict], answers };
}

/** Even, but without turns, and blind to who is slow. */
export async function measureRandom(scene: Scene): Promise<Measured> {
  const { client, names, requests } = scene;
  const { slow, answers } = await withSlowOne(scene, () => send(client, plain(requests), atOnce));
  const oneByOne = await send(client, plain(100), 1);
  const { least, most } = evenBounds(requests, names.length, falseAlarm);
  const counts = names.map((name) => sequence(answers).filter((who) => who === name).length);
  const again = repeats(sequence(oneByOne));
  return {
    rows: countRows(names, answers, slow),
    verdicts: [
      {
        ok: counts.every((count) => count >= least && count <= most),
        text: `spread evenly, the slow one not spared (each between ${least} and ${most})`,
      },
      { ok: again > 0, text: `no turns: of 100 one by one, ${again} came from the same backend as the one before` },
    ],
    answers: [...answers, ...oneByOne],
  };
}

/** The same key meets the same backend; when a backend leaves, its keys move, and of the others only a few. */
export async function measureHash(scene: Scene, keyed: (key: string) => Call): Promise<Measured> {
  const { client, names, requests } = scene;
  const keys = Array.from({ length: Math.floor(requests / 3) }, (_, index) => `user-${index + 1}`);
  const ask = () => send(client, keys.map(keyed), atOnce);
  const rounds = [await ask(), await ask(), await ask()];
  const homes = sequence(rounds[0] ?? []);
  const leaving = names[1] ?? names[0] ?? '';
  const without = await scene.withoutOne(leaving, ask);
  const after = await ask();
  const first = rounds.flat();
  return {
    rows: countRows(names, first).map((row) => ({ ...row, keys: homes.filter((home) => home === row.who).length })),
    verdicts: [
      stays(homes, rounds.map(sequence)),
      moves({ homes, without: sequence(without), leaving, size: names.length }),
      verdictThat(
        sequence(after).every((who, index) => who === homes[index]),
        `${leaving} came back, and all its keys`,
      ),
    ],
    answers: [...first, ...without, ...after],
  };
}

function verdictThat(ok: boolean, text: string): Verdict {
  return { ok, text };
}

function stays(homes: readonly string[], rounds: readonly (readonly string[])[]): Verdict {
  const same = rounds.every((round) => round.every((who, index) => who === homes[index]));
  const used = new Set(homes).size;
  const text = `each of ${homes.length} keys met the same backend every time; ${used} backends have keys`;
  return { ok: same && used > 1, text };
}

interface Move {
  readonly homes: readonly string[];
  readonly without: readonly string[];
  readonly leaving: string;
  readonly size: number;
}

function moves({ homes, without, leaving, size }: Move): Verdict {
  const others = homes.flatMap((home, index) => (home === leaving ? [] : [{ home, now: without[index] }]));
  const moved = others.filter(({ home, now }) => home !== now).length;
  // A ring of the same size gives those who stay the points of the one who left: a new point of another backend comes
  // first with probability 1/n · (n−2)/(n−1). Counting modulo n would move all but 1/(n−1). The limit is in the middle.
  const ring = (size - 2) / (size * (size - 1));
  const modulo = 1 - 1 / (size - 1);
  const limit = Math.ceil((others.length * (ring + modulo)) / 2);
  const gone = !without.includes(leaving);
  return {
    ok: gone && moved <= limit,
    text: `without ${leaving}, ${moved} of the ${others.length} keys that were not on it moved (at most ${limit})`,
  };
}

async function withSlowOne<T>(
  { backends, names }: Scene,
  run: () => Promise<T>,
): Promise<{ readonly slow: string; readonly answers: T }> {
  const slow = names[1] ?? names[0] ?? '';
  backends.behave(slow, { slowness });
  const answers = await run();
  backends.behave(slow, { slowness: 0 });
  return { slow, answers };
}

function plain(requests: number): readonly Call[] {
  return Array.from({ length: requests }, () => plainCall);
}

/** Who answered, in order; a failed request is nobody. */
function sequence(answers: readonly Answer[]): readonly string[] {
  return answers.map((answer) => (answer.kind === 'answered' ? answer.by : 'nobody'));
}

function countRows(names: readonly string[], answers: readonly Answer[], slow?: string): readonly Row[] {
  const everybody = new Set([...names, ...sequence(answers)]);
  return [...everybody].map((who) => ({
    who,
    answers: sequence(answers).filter((name) => name === who).length,
    ...(who === slow ? { note: `(answers after ${slowness} ms)` } : {}),
  }));
}
