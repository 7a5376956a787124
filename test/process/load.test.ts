// What much work does to a process of its own: one client that stops reading among many, changes without a pause, and a
// full rebuild of everything.
import { expect, onTestFinished, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { AdsClient, type Protocol, type Received } from '../harness/ads-client.ts';
import { sample } from '../harness/exposition.ts';
import { type ProcessOptions, ServingProcess } from './serving.ts';

const range = (count: number): number[] => [...new Array(count).keys()];

const service = (name: string, port = 80): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ name: 'http', port }] },
});

/** `first` is in the first address: what a client sees of the version. `net` is the first number of all others. */
const slice = (name: string, count: number, first = 0, net = 11): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: range(count).map((index) => ({
    addresses: [
      index === 0
        ? `10.${first >> 8}.${first & 255}.1`
        : `${net}.${net === 11 ? 0 : first & 255}.${index >> 8}.${index & 255}`,
    ],
  })),
});

const cluster = (name: string, port = 80): string => `outbound|${port}||${name}.default.svc.cluster.local`;

async function serving(options: ProcessOptions, objects: readonly JsonObject[]): Promise<ServingProcess> {
  const server = await ServingProcess.start(options);
  onTestFinished(() => server.stop());
  server.apply(objects);
  return server;
}

function connect({ xds }: ServingProcess, protocol: Protocol = 'delta', id = 'a'): AdsClient {
  const client = new AdsClient({ port: xds, protocol, node: { id: `sidecar~10.0.0.1~${id}.default~x` } });
  onTestFinished(() => client.close());
  return client;
}

/** The version of `slice` that a response has; -1 for none. */
function versionOf({ resources }: Received, name: string): number {
  const text = JSON.stringify(resources.get(cluster(name)) ?? '');
  const [, high, low] = /"10\.(\d+)\.(\d+)\.1"/.exec(text) ?? [];
  return low === undefined ? -1 : Number(high) * 256 + Number(low);
}

/** Takes endpoints until they are of this version. */
async function until(client: AdsClient, name: string, version: number): Promise<number> {
  for (let responses = 1; ; responses += 1) {
    if (versionOf(await client.take('endpoint'), name) === version) return responses;
  }
}

/** `count` changes of a service with many endpoints, each one when the one before has come to `watcher`. */
async function change(server: ServingProcess, watcher: AdsClient, from: number, count: number): Promise<void> {
  for (const index of range(count)) {
    server.apply([slice('large', 3_000, from + index), slice('small', 1, from + index)]);
    await until(watcher, 'small', from + index);
  }
}

/** What the process holds after a collection, in bytes: what the system has given it besides goes back when it likes. */
async function held(server: ServingProcess): Promise<number> {
  server.collect();
  const metrics = await server.metrics();
  const figures = ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'].map((name) => sample(metrics, name));
  return figures.reduce<number>((sum, figure) => sum + (figure ?? Number.NaN), 0);
}

test('R-30: one of fifty that stops reading costs little memory, and the others nothing', {
  timeout: 60_000,
}, async () => {
  const changes = 60;
  const objects = [service('large'), service('small'), slice('large', 3_000), slice('small', 1)];
  const server = await serving({ timing: { quiet: 0, longest: 0 } }, objects);
  const quick = range(49).map((index) => connect(server, 'delta', `quick-${index}`));
  const [watcher] = quick;
  if (watcher === undefined) throw new Error('there is nobody');
  for (const client of quick) client.subscribe('endpoint', cluster('small'));
  await Promise.all(quick.map((client) => until(client, 'small', 0)));
  // Whatever the process needs for changes as such, it has after these.
  await change(server, watcher, 1, changes);
  const before = await held(server);
  const stopped = connect(server, 'delta', 'stopped');
  stopped.pauseReading();
  stopped.subscribe('endpoint', cluster('large'));
  await change(server, watcher, changes + 1, changes);
  // What waits for it is a set of names, whatever has changed meanwhile.
  const small = async (): Promise<true | undefined> => (await held(server)) - before < 10 << 20 || undefined;
  await poll(small, { within: 20_000, every: 200, what: 'the memory to be what it was' });
  await Promise.all(quick.slice(1).map((client) => until(client, 'small', 2 * changes)));
  stopped.resumeReading();
  // Those that its own buffers took, and the newest.
  expect(await until(stopped, 'large', 2 * changes)).toBeLessThanOrEqual(changes / 3);
});

test('R-32: a thousand changes a second are few pushes, and the last one arrives', async () => {
  const server = await serving({}, [service('small'), slice('small', 1)]);
  const client = connect(server);
  client.subscribe('endpoint', cluster('small'));
  await until(client, 'small', 0);
  const [changes, lasting] = [2_000, 2_000];
  const start = performance.now();
  let sent = 0;
  const elapsed = () => performance.now() - start;
  while (sent < changes) {
    const due = Math.min(changes, Math.floor((elapsed() / lasting) * changes));
    for (; sent < due; sent += 1) server.apply([slice('small', 1, sent + 1)]);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const took = elapsed();
  const pushes = await until(client, 'small', changes);
  // One each time that it is quiet for a tenth of a second, and the last one.
  expect(pushes).toBeLessThanOrEqual(took / 100 + 2);
});

/** The processor's time, which does not depend on what else the machine does, of a rebuild of everything; in seconds. */
async function rebuild(objects: (port: number) => readonly JsonObject[]): Promise<readonly number[]> {
  const server = await serving({}, objects(80));
  const client = connect(server, 'delta', 'all');
  client.subscribe('cluster');
  const everything = async (port: number): Promise<void> => {
    for (let got = 0; got < 1_000; ) {
      const { resources } = await client.take('cluster');
      got += [...resources.keys()].filter((name) => name.startsWith(`outbound|${port}|`)).length;
    }
  };
  await everything(80);
  const spent = async (): Promise<number> => sample(await server.metrics(), 'process_cpu_seconds_total') ?? Number.NaN;
  const figures: number[] = [];
  for (const port of [81, 82, 83]) {
    const before = await spent();
    server.apply(objects(port));
    await everything(port);
    figures.push((await spent()) - before);
  }
  return figures;
}

// One turn of the loop does all of it: who acknowledges waits for so long.
test.each([
  ['of their own', (index: number) => 12 + (index >> 8)],
  ['that all share', () => 11],
])('R-33: a rebuild of a thousand services with addresses %s is short', async (_, net) => {
  const all = (port: number): readonly JsonObject[] =>
    range(1_000).flatMap((index) => [service(`s${index}`, port), slice(`s${index}`, 10, index, net(index))]);
  const figures = await rebuild(all);
  if (process.env['SLUICE_FIGURES'] !== undefined) console.log(JSON.stringify(figures));
  for (const seconds of figures) expect(seconds).toBeLessThan(4);
});
