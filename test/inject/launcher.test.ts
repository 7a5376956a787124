// A real Envoy is started and stopped, and never outlives the program that started it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootstrap } from '../../src/inject/bootstrap.ts';
import { EnvoyAdmin } from '../../src/inject/envoy-admin.ts';
import { CannotStart, type EnvoyOptions, EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-envoy-'));
});
afterEach(() => rm(folder, { recursive: true }));

const valid = bootstrap({
  node: { ip: '127.0.0.1', name: 'test', namespace: 'default', interception: 'NONE', portOffset: 0 },
  // The port "discard": nobody answers.
  xds: { host: '127.0.0.1', port: 9 },
  protocol: 'delta',
  admin: { host: '127.0.0.1', port: 0 },
  runtime: {},
});

function options(json: JsonObject): EnvoyOptions {
  const binary = findEnvoy(undefined);
  return { bootstrap: json, binary, launchedBy: [], concurrency: 1, logLevel: 'warning', folder };
}

test('it is there when start() resolves, and gone when stop() does', async () => {
  const envoy = await EnvoyProcess.start(options(valid));
  expect(await envoy.admin.ready()).toBe(false);
  expect((await envoy.admin.stats('^server\\.concurrency$')).get('server.concurrency')).toBe(1);
  expect((await envoy.admin.config()).clusters.size).toBe(0);
  await envoy.stop();
  await expect(envoy.admin.ready()).rejects.toThrow('ECONNREFUSED');
});

test('a bootstrap that Envoy refuses is an error with the end of its log', async () => {
  const starting = EnvoyProcess.start(options({ nonsense: true }));
  await expect(starting).rejects.toThrow(CannotStart);
  await expect(starting).rejects.toThrow('nonsense');
});

test('a program that is not there is one clear line', () => {
  expect(() => findEnvoy(join(folder, 'envoy'))).toThrow(
    /^there is no Envoy at .*: correct the path, or set SLUICE_ENVOY$/,
  );
});

test('it dies with a program that is killed without a chance to clean up', async () => {
  const launcher = join(import.meta.dirname, '../../src/inject/launcher.ts');
  const script = `
    const { EnvoyProcess } = await import(${JSON.stringify(launcher)});
    const envoy = await EnvoyProcess.start(${JSON.stringify(options(valid))});
    console.log(JSON.stringify(envoy.admin.address));
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(parent.stdout), 'line');
  const admin = new EnvoyAdmin(JSON.parse(line));
  expect(await admin.ready()).toBe(false);
  parent.kill('SIGKILL');
  const gone = () => admin.ready().then(() => undefined, String);
  expect(await poll(gone, { within: 10_000, every: 10, what: 'the end of Envoy' })).toMatch(
    /ECONNREFUSED|ECONNRESET|hang up/,
  );
});
