// What every attack may cost at most (rule P): the process lives and returns its memory, its loop does not stand still, a
// proxy that was connected before gets its changes, and it is told in few lines and in a counter.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { AdsClient } from '../harness/ads-client.ts';
import { asking } from '../harness/asking.ts';
import { type Attack, exhausting, malformed } from '../harness/attacks.ts';
import { issueServer, SecretMount, TestCa, tlsFiles } from '../harness/certificates.ts';
import { crowds, handshakes } from '../harness/crowds.ts';
import { sample } from '../harness/exposition.ts';
import { risen, ServingProcess } from './serving.ts';

/** Of the server; so short that what it waits for in an attack is soon over. The healthy proxy is in the attacker's process. */
const timers = { idleConnection: 500, firstRequest: 500, wholeRequest: 500, write: 3_000, handshake: 500, drain: 0 };

/** Rule P, in milliseconds and bytes. */
const limits = {
  change: 5_000,
  // A quarter of a second is the rule for a machine of its own, and what is seen there is a tenth of it but for single
  // attacks. Here the attacker and other tests share two processors, and who waits for one of them stands still as well.
  stall: 2_000,
  // The rule says 64; what the allocator does not give back of the largest attack comes on top.
  memory: 96 << 20,
  memoryBack: 30_000,
};

const shop = (index: number, port: number): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `shop-${index}` },
  spec: { ports: [{ name: 'http', port }] },
});

let server: ServingProcess;
let proxy: AdsClient;
let port = 1_000;
let memoryAtStart = 0;

beforeAll(async () => {
  const ca = await TestCa.create();
  const mount = new SecretMount(tlsFiles(await issueServer(ca), ca.cert), () => {});
  server = await ServingProcess.start({ timers, tlsFolder: mount.path });
  server.apply([...new Array(100).keys()].map((index) => shop(index, 80)));
  proxy = new AdsClient({ port: server.xds, protocol: 'delta', node: { id: 'sidecar~10.0.0.1~healthy.default~x' } });
  proxy.subscribe('cluster');
  await proxy.take('cluster');
  await change();
  // The allocator keeps the room that a client once needed who asks for as much as one may: from here on little comes on top.
  for (const _ of [1, 2, 3]) await asking['a million names']?.(server.xds);
  memoryAtStart = server.memory;
});

afterAll(async () => {
  proxy.close();
  await server.stop();
});

/** A change, and how long it takes to the healthy proxy, in milliseconds. */
async function change(): Promise<number> {
  port += 1;
  const start = performance.now();
  server.apply([shop(0, port)]);
  const lost = proxy.ended.then(({ details }): never => {
    throw new Error(`the healthy proxy was cut off: ${details}`);
  });
  for (;;) {
    const { resources } = await Promise.race([proxy.take('cluster'), lost]);
    if (resources.has(`outbound|${port}||shop-0.default.svc.cluster.local`)) return performance.now() - start;
  }
}

/** Lines of the log that warn, as `message reason`, and how many of each. */
function warnings(from: number): ReadonlyMap<string, number> {
  const lines = server.lines.slice(from).filter(({ level }) => level === 'warn' || level === 'error');
  return new Map(
    [...Map.groupBy(lines, ({ msg, reason }) => `${msg} ${reason}`)].map(([key, all]) => [key, all.length]),
  );
}

const counters = ['sluice_streams_rejected_total', 'sluice_streams_closed_total', 'pilot_xds_write_timeout'].concat([
  'sluice_streams_throttled_total',
  'sluice_unknown_type_requests_total',
]);

interface Measured {
  readonly took: number;
  /** The longest, of a change. */
  readonly change: number;
  /** The 99th percentile of the loop's delay, in milliseconds. */
  readonly stall: number;
  readonly counted: readonly string[];
  readonly warned: ReadonlyMap<string, number>;
  /** In bytes, more than at the start. */
  readonly memory: number;
}

async function measure(attack: Attack, target: number): Promise<Measured> {
  const [before, line] = [await server.metrics(), server.lines.length];
  const start = performance.now();
  let over = false;
  const attacked = attack(target).finally(() => {
    over = true;
  });
  const changes: number[] = [];
  do changes.push(await change());
  while (!over);
  await attacked;
  const after = await server.metrics();
  const back = async (): Promise<true | undefined> => {
    if (server.memory - memoryAtStart <= limits.memory) return true;
    server.collect();
    return undefined;
  };
  await poll(back, { within: limits.memoryBack, every: 500, what: 'the memory to be given back' });
  return {
    took: performance.now() - start,
    change: Math.max(...changes),
    stall: 1_000 * (sample(after, 'nodejs_eventloop_lag_p99_seconds') ?? Number.NaN),
    counted: counters.flatMap((name) => risen(name, before, after)),
    warned: warnings(line),
    memory: server.memory - memoryAtStart,
  };
}

/** One stream that HTTP/2's own decoder refuses, without a word to whoever uses it; more of them end the connection. */
const unseen = ['an HPACK bomb', 'a path without its slash'];

/** What an attack must not be: expensive, or unseen. */
async function withstand(name: string, attack: Attack, target: number): Promise<void> {
  const { took, change: longest, stall, counted, warned, memory } = await measure(attack, target);
  if (process.env['SLUICE_FIGURES'] !== undefined)
    console.log(
      JSON.stringify({
        name,
        took,
        longest,
        stall,
        memory,
        counted,
        warned: [...warned],
      }),
    );
  expect(server.alive).toBe(true);
  expect(longest).toBeLessThan(limits.change);
  expect(stall).toBeLessThan(limits.stall);
  expect(counted.length > 0 || unseen.includes(name)).toBe(true);
  // One at once, one a second, and the last one.
  for (const [line, count] of warned) expect([line, count <= took / 1_000 + 2]).toEqual([line, true]);
}

const suites: readonly (readonly [string, Readonly<Record<string, Attack>>, () => number])[] = [
  ['S-08', malformed, () => server.xds],
  ['S-09, S-10', exhausting, () => server.xds],
  ['S-09', crowds, () => server.xds],
  ['S-09', handshakes, () => server.xdsTls],
  ['S-10, S-11, S-12', asking, () => server.xds],
];

for (const [numbers, attacks, target] of suites) {
  describe(`${numbers}: a process of its own withstands`, () => {
    for (const [name, attack] of Object.entries(attacks)) test(name, () => withstand(name, attack, target()));
  });
}
