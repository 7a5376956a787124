// `sluice serve` as a process: where it listens, when it is ready, how it ends.
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AdsClient } from '../harness/ads-client.ts';
import { documents, rule, service, slice } from './input.ts';
import { folder, serve, sluice } from './sluice.ts';

const input = documents(service, slice, rule('RANDOM'));

test('says where it listens, is ready, and ends in order at SIGTERM', async () => {
  const serving = await serve(['--config', folder({ 'all.yaml': input })]);
  expect(serving.xds).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  const answers = await Promise.all(
    ['healthz', 'readyz', 'nothing'].map(async (path) => (await fetch(`http://${serving.http}/${path}`)).status),
  );
  expect(answers).toEqual([200, 200, 404]);
  const { status } = await serving.end('SIGTERM');
  expect(status).toBe(0);
});

test('logs an edit, and what is wrong in it with its line, and goes on', async () => {
  const dir = folder({ 'all.yaml': input });
  const serving = await serve(['--config', dir]);
  writeFileSync(join(dir, 'new'), documents(service, slice, rule('RANDM')));
  renameSync(join(dir, 'new'), join(dir, 'all.yaml'));
  const line = JSON.parse(await serving.line('SLC0103')) as Readonly<Record<string, unknown>>;
  expect(line).toMatchObject({ level: 'error', code: 'SLC0103', file: join(dir, 'all.yaml') });
  expect((await fetch(`http://${serving.http}/readyz`)).status).toBe(200);
  const { status } = await serving.end('SIGINT');
  expect(status).toBe(0);
});

test('a text log is for people', async () => {
  const serving = await serve(['--log-format', 'text', '--config', folder({ 'all.yaml': rule('RANDM') })]);
  expect(await serving.line('published')).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}published {2}.*objects=1/);
  expect(await serving.line('SLC0103')).toContain('DestinationRule default/reviews');
});

describe('cannot run: one line, status 2', () => {
  test.each([
    ['--xds-address', '--http-address'],
    ['--http-address', '--xds-address'],
  ])('a port of %s that is taken', async (option, other) => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      taken.close();
    });
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const addresses = [option, `127.0.0.1:${port}`, other, '127.0.0.1:0'];
    expect(await sluice(['serve', '--config', folder({ 'all.yaml': input }), ...addresses])).toEqual({
      status: 2,
      stdout: '',
      stderr: `sluice: 127.0.0.1:${port} is in use by another program: choose another port with ${option}, or 0 for a free one\n`,
    });
  });

  test.each([
    ['a folder that does not exist', ['--config', 'no-such-folder'], 'there is no file or folder no-such-folder'],
    ['a folder without a name', ['--config', ''], 'a path is empty: name a file or a folder'],
    ['an address that others reach', ['--config', '.', '--xds-address', '0.0.0.0:0'], 'add --plaintext'],
    ['an address that is none', ['--config', '.', '--http-address', '15014'], 'It is written HOST:PORT'],
    ['no folder', [], 'there is nothing to read: name folders with --config, or --kube'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await sluice(['serve', ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

test('a log line is one line of JSON, whatever a proxy calls itself', async () => {
  const serving = await serve(['--config', folder({ 'all.yaml': input })]);
  const id = 'a\n{"level":"error"}\u009b2J\u2028\u202e\u{e0001}"';
  const port = Number(serving.xds.split(':')[1]);
  const client = new AdsClient({ port, protocol: 'delta', node: { id } });
  client.subscribe('cluster');
  await client.take('cluster');
  const line = await serving.line('proxy connected');
  expect(JSON.parse(line)).toMatchObject({ level: 'info', node: id, protocol: 'delta' });
  expect(line).toMatch(/^[\x20-\x7e]*$/);
  client.close();
  const { stderr } = await serving.end('SIGTERM');
  const json = stderr.split('\n').filter((each) => !each.startsWith('listening ') && each !== '');
  expect(json.every((each) => typeof JSON.parse(each) === 'object')).toBe(true);
});
