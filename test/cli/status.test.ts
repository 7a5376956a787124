// `sluice status`: every proxy and what it has acknowledged or refused, with a real Envoy.
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { getJson } from '../../src/cli/read-json.ts';
import { answering, escapes, json, steering } from './hostile-server.ts';
import { documents, service, slice } from './input.ts';
import { serveEnvoy } from './proxied.ts';
import { folder, serve, sluice } from './sluice.ts';

const input = documents(service, slice);

interface Status {
  readonly proxies: readonly {
    readonly id: string;
    readonly types: Readonly<Record<string, { readonly state: string; readonly resources: number } | null>>;
    readonly refusals: readonly { readonly code: string; readonly file: string; readonly line: number }[];
  }[];
}

async function status(args: readonly string[]): Promise<{ readonly exit: number | null; readonly data: Status }> {
  const { status: exit, stdout } = await sluice(['status', '-o', 'json', ...args]);
  return { exit, data: JSON.parse(stdout) as Status };
}

test('a proxy that has everything is synced; status 0', async () => {
  const { server } = await serveEnvoy(folder({ 'all.yaml': input }));
  const { exit, data } = await status(server);
  expect(exit).toBe(0);
  const [proxy] = data.proxies;
  expect(proxy?.id).toBe('sidecar~127.0.0.1~web-1.shop~shop.svc.cluster.local');
  const states = Object.entries(proxy?.types ?? {}).map(([type, each]) => [type, each?.state, each?.resources]);
  expect(states).toEqual([
    ['cluster', 'synced', 2],
    ['endpoint', 'synced', 1],
    ['listener', 'synced', 1],
    ['route', 'synced', 1],
  ]);
  const { stdout } = await sluice(['ps', ...server, '-o', 'wide']);
  const rows = stdout.split('\n').map((line) => line.split(/ {3,}/));
  expect(rows[0]).toEqual([
    'NAME',
    'ROLE',
    'CDS',
    'LDS',
    'EDS',
    'RDS',
    'PROTOCOL',
    'SINCE',
    'IP',
    'RESOURCES',
    'ISSUED',
    'ERRORS',
    'ID',
  ]);
  expect(rows[1]?.slice(0, 7)).toEqual(['web-1.shop', 'sidecar', 'SYNCED', 'SYNCED', 'SYNCED', 'SYNCED', 'delta']);
  expect(rows[1]?.slice(8)).toEqual(['127.0.0.1', '2/1/1/1', '-', '-', proxy?.id]);
});

const desk = service.replace('name: reviews', 'name: desk').replace('port: 80\n', 'port: 81\n');

test('what Envoy refuses is shown at its YAML; status 1', async () => {
  const dir = folder({ 'all.yaml': input });
  const { server, serving, portOffset } = await serveEnvoy(dir);
  const other = createServer().listen(81 + portOffset, '127.0.0.1');
  onTestFinished(() => {
    other.close();
  });
  await once(other, 'listening');
  writeFileSync(join(dir, 'new'), desk);
  renameSync(join(dir, 'new'), join(dir, 'desk.yaml'));
  await serving.line('proxy refused the configuration');
  const { exit, data } = await status(server);
  expect(exit).toBe(1);
  expect(data.proxies[0]?.types['listener']?.state).toBe('refused');
  const [refusal] = data.proxies[0]?.refusals ?? [];
  expect(refusal).toMatchObject({ code: 'SLC0501', file: join(dir, 'desk.yaml'), path: 'spec.ports[0]' });
  const { status: shown, stdout } = await sluice(['status', ...server]);
  expect(shown).toBe(1);
  expect(stdout).toMatch(/^web-1\.shop +sidecar +SYNCED +REFUSED +SYNCED +SYNCED/m);
  expect(stdout).toContain(`error SLC0501 ${join(dir, 'desk.yaml')}:${refusal?.line}:`);
  expect(stdout).toMatch(/Service default\/desk(.|\n)*cannot bind/);
  const { stderr } = await sluice(['config', 'listener', 'web-1.shop', ...server]);
  expect(stderr).toContain('listener 127.0.0.1_81 (refused)');
});

test('without proxies it says so; a namespace narrows it down', async () => {
  const serving = await serve(['--config', folder({ 'all.yaml': input })]);
  const server = ['--server', serving.http];
  expect(await sluice(['status', ...server])).toEqual({
    status: 0,
    stdout: '',
    stderr: 'sluice: no proxy is connected\n',
  });
  expect((await status(['-n', 'shop', ...server])).data).toEqual({ proxies: [], more: 0 });
});

test('what several proxies refuse alike is shown once', async () => {
  const refusing = (name: string): object => ({
    id: `sidecar~10.0.0.1~${name}.shop~x`,
    name,
    namespace: 'shop',
    role: 'sidecar',
    types: { cluster: { state: 'refused', error: 'too tall' } },
    refusals: [],
  });
  const server = await answering(json({ proxies: ['a', 'b', 'c'].map(refusing) }));
  const { stdout } = await sluice(['status', '--server', server]);
  expect(stdout.match(/SLC0501/g)).toHaveLength(1);
  expect(stdout).toContain('a.shop~x refused it: too tall (and 2 other proxies)');
});

const proxy = (state: string): object => ({
  id: escapes,
  name: escapes,
  namespace: 'shop',
  role: 'sidecar',
  types: { cluster: { state, error: escapes, held: [escapes] } },
  refusals:
    state === 'refused'
      ? [{ code: 'SLC0501', message: escapes, file: escapes, line: 1, column: 1, path: escapes }]
      : [],
  load: { clusters: [{ cluster: escapes, issued: 1 }] },
});

describe('S-49: a hostile server', () => {
  test.each(['table', 'wide', 'json', 'yaml'])('steers no terminal with -o %s', async (format) => {
    const server = await answering(json({ proxies: [proxy('refused'), proxy('synced')] }));
    const { status: exit, stdout, stderr } = await sluice(['status', '--server', server, '-o', format]);
    expect(exit).toBe(1);
    expect(stdout).toContain('shop');
    expect(stdout + stderr).not.toMatch(steering);
  });

  test.each<[string, unknown]>([
    ['no object', 7],
    ['null', null],
    ['other types', { proxies: [{ id: 1, types: [], refusals: 7, load: 'x' }, null, 'x'], more: 'x' }],
    ['other keys', JSON.parse('{"__proto__": {"proxies": 1}, "constructor": 1}')],
  ])('that answers %s does no harm', async (_, value) => {
    const { status: exit, stderr } = await sluice(['status', '--server', await answering(json(value))]);
    expect(exit).toBe(0);
    expect(stderr).not.toContain('fault');
  });

  test('that never ends is cut off', async () => {
    const server = await answering((_, response) => {
      const more = (): void => void response.write(Buffer.alloc(1 << 20, 0x20), more);
      more();
    });
    const asked = getJson({ url: server, what: 'it', advice: '' }, { bytes: 4 << 20, time: 20_000 });
    await expect(asked).rejects.toThrow('it has more than 4194304 bytes');
  });

  test('that says nothing is given up', async () => {
    const server = await answering(() => {});
    const asked = getJson({ url: server, what: 'it', advice: 'look there' }, { bytes: 1000, time: 50 });
    await expect(asked).rejects.toThrow('it does not answer (not within 0.05 s): look there');
  });

  test('that sends elsewhere is not followed', async () => {
    const server = await answering((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
    expect(await sluice(['status', '--server', server])).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('cannot run: one line, status 2', () => {
  test('nobody answers', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { readonly port: number };
    taken.close();
    await once(taken, 'close');
    expect(await sluice(['status', '--server', `http://127.0.0.1:${port}`])).toEqual({
      status: 2,
      stdout: '',
      stderr: `sluice: the control plane at http://127.0.0.1:${port} does not answer (connection refused): is 'sluice serve' running there? --server takes the address of its --http-address\n`,
    });
  });

  test('something else answers', async () => {
    const server = await answering((_, response) => response.end('<html>'));
    const { status: exit, stderr } = await sluice(['status', '--server', server]);
    expect([exit, stderr]).toEqual([2, `sluice: what the control plane at ${server} has to say is not JSON\n`]);
  });

  test('an address that is none', async () => {
    const { status: exit, stderr } = await sluice(['status', '--server', 'ftp://localhost:15014']);
    expect(exit).toBe(2);
    expect(stderr).toContain('It is written as http://127.0.0.1:15014, or without http://.');
  });
});
