// How `sluice serve` ends, and what does not end it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { AdsClient, connectTo } from '../harness/ads-client.ts';
import { parseExposition, sample } from '../harness/exposition.ts';
import { flags, frame, frameTypes, grpcHeaders, RawHttp2 } from '../harness/raw-http2.ts';
import { documents, service, slice } from './input.ts';
import { folder, type Serving, serve } from './sluice.ts';

const config = (): readonly string[] => ['--config', folder({ 'all.yaml': documents(service, slice) })];
const xdsPort = ({ xds }: Serving): number => Number(xds.split(':')[1]);

function proxy(serving: Serving, id: string): AdsClient {
  const client = new AdsClient({ port: xdsPort(serving), protocol: 'delta', node: { id } });
  onTestFinished(() => client.close());
  client.subscribe('cluster');
  return client;
}

const faults = async ({ http }: Serving): Promise<number | undefined> =>
  sample(parseExposition(await (await fetch(`http://${http}/metrics`)).text()), 'pilot_total_xds_internal_errors');

/** Of /readyz; null: nobody answers any more. */
const readiness = ({ http }: Serving): Promise<number | null> =>
  fetch(`http://${http}/readyz`).then(
    ({ status }) => status,
    () => null,
  );

/** A stream of health, whose answers say whether the server serves: 1 or 2. */
function watchHealth(serving: Serving): { readonly said: number[]; readonly first: Promise<void> } {
  const channel = connectTo(xdsPort(serving));
  onTestFinished(() => channel.close());
  const said: number[] = [];
  const pass = (bytes: Buffer): Buffer => bytes;
  const call = channel.makeServerStreamRequest('/grpc.health.v1.Health/Watch', pass, pass, Buffer.alloc(0));
  call.on('error', () => {});
  const first = new Promise<void>((resolve) => {
    call.on('data', (bytes: Buffer) => {
      said.push(bytes[1] ?? 0);
      resolve();
    });
  });
  return { said, first };
}

test('R-48: at SIGTERM it is not ready first, then its streams end, and it ends with status 0 within 15 s', async () => {
  const serving = await serve(config());
  const clients = [...new Array(40).keys()].map((index) => proxy(serving, `n${index}`));
  await Promise.all(clients.map((client) => client.take('cluster')));
  // Whoever ignores the end of its stream is waited for, and not for long.
  const idle = await RawHttp2.open(xdsPort(serving));
  onTestFinished(() => idle.close());
  idle.send(frame(frameTypes.headers, flags.endHeaders, 1, grpcHeaders()));
  await idle.frame(({ type }) => type === frameTypes.headers);
  const health = watchHealth(serving);
  await health.first;
  expect(await readiness(serving)).toBe(200);
  const start = performance.now();
  let ended = 0;
  for (const client of clients) {
    void client.ended.then(() => {
      ended += 1;
    });
  }
  const end = serving.end('SIGTERM');
  await serving.line('"stopping"');
  const seen = [await readiness(serving)];
  while (seen.at(-1) !== null) seen.push(await readiness(serving));
  const { status } = await end;
  expect(seen).toContain(503);
  expect(seen).not.toContain(200);
  expect([health.said[0], new Set(health.said)]).toEqual([1, new Set([1, 2])]);
  const codes = await Promise.all(clients.map((client) => client.ended));
  expect(new Set(codes.map(({ details }) => details))).toEqual(new Set(['the control plane is stopping']));
  expect([status, ended]).toEqual([0, 40]);
  expect(performance.now() - start).toBeLessThan(15_000);
});

test('R-48: a second signal ends it at once', async () => {
  const serving = await serve(config());
  const client = proxy(serving, 'a');
  await client.take('cluster');
  // Whoever does not take what is said holds up an end in order.
  client.pauseReading();
  serving.signal('SIGTERM');
  await serving.line('"stopping"');
  const { status } = await serving.end('SIGTERM');
  expect(status).toBe(143);
});

test('R-53: a rejection and an exception that nobody handles are logged and counted, and it goes on', async () => {
  const bad = join(folder({}), 'bad.mjs');
  const lines = [
    `process.on('SIGUSR2', () => void Promise.reject(new Error('nobody waits for this')));`,
    `process.on('SIGWINCH', () => setImmediate(() => { throw new Error('nobody catches this'); }));`,
  ];
  writeFileSync(bad, lines.join('\n'));
  const serving = await serve(config(), { NODE_OPTIONS: `--import=${pathToFileURL(bad)}` });
  const client = proxy(serving, 'a');
  await client.take('cluster');
  expect(await faults(serving)).toBe(0);
  serving.signal('SIGUSR2');
  expect(JSON.parse(await serving.line('nobody waits for this'))).toMatchObject({ origin: 'unhandledRejection' });
  serving.signal('SIGWINCH');
  expect(JSON.parse(await serving.line('nobody catches this'))).toMatchObject({ origin: 'uncaughtException' });
  expect(await faults(serving)).toBe(2);
  const other = proxy(serving, 'b');
  expect((await other.take('cluster')).resources.size).toBeGreaterThan(0);
  expect((await serving.end('SIGTERM')).status).toBe(0);
});
