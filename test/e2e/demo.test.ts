// `sluice demo` on a folder: it stays up, sees every edit, and says clearly what it lacks. (`--once`: examples.test.ts)

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Demo } from '../harness/demo.ts';
import { addresses, backend, endpointsYaml, ruleYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
const files = shop(hosts, { simple: 'ROUND_ROBIN' });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-demo-test-'));
  for (const [name, text] of Object.entries(files)) await write(name, text ?? '');
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(folder, name), text);

test('it follows the folder until Ctrl-C, and never writes to it', { timeout: 60_000 }, async () => {
  const demo = new Demo(folder);
  await demo.prints('shop:80 is balanced by ROUND_ROBIN');
  await demo.prints(`${backend(String(hosts[0]))} 3`);
  await write('rule.yaml', ruleYaml({ consistentHash: { httpHeaderName: 'x-user' } }));
  await demo.prints('shop:80 is balanced by RING_HASH by header x-user');
  await write('rule.yaml', ruleYaml({ simple: 'RANDON' }));
  await demo.prints('SLC0103');
  await write('endpoints.yaml', endpointsYaml(addresses(4)));
  await demo.prints(backend(String(addresses(1, 14)[0])));
  demo.interrupt();
  expect(await demo.status).toBe(0);
  expect(demo.out).toMatch(/\nrequests \d+ failed 0\n$/);
  expect(demo.out).not.toContain('\x1b');
  expect(await readdir(folder)).toHaveLength(3);
  expect(await readFile(join(folder, 'endpoints.yaml'), 'utf8')).toBe(endpointsYaml(addresses(4)));
});

test('a port that another program has is moved in the copy, and is one clear line without a copy', async () => {
  const other = createServer().listen(28080, hosts[0]);
  await once(other, 'listening');
  const copied = new Demo('--once', '--requests', '100', folder);
  const watched = new Demo(folder);
  expect(await watched.status).toBe(2);
  expect(watched.errors).toMatch(/^sluice: .*:28080 is taken by another program: stop it, .*\n$/);
  expect(await copied.status).toBe(0);
  expect(copied.out).toContain('Another program has port 28080');
  other.close();
});

test('a folder that is not there, or has nothing to call, is one clear line', async () => {
  const missing = new Demo(join(folder, 'no-such-folder'));
  expect(await missing.status).toBe(2);
  expect(missing.errors).toMatch(/^sluice: there is no folder .*\n$/);
  await write('endpoints.yaml', '');
  const nothing = new Demo(folder);
  expect(await nothing.status).toBe(2);
  expect(nothing.errors).toMatch(/^sluice: .* defines nothing to call: .*\n$/);
});

test('a play needs a service that no VirtualService routes', async () => {
  const routes = { hosts: ['shop'], http: [{ route: [{ destination: { host: 'shop' } }] }] };
  const rule = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'shop' },
    spec: routes,
  };
  await write('routes.yaml', stringify(rule));
  const played = new Demo(folder, '--once');
  expect(await played.status).toBe(2);
  expect(played.errors).toMatch(/^sluice: a VirtualService decides first .*\n$/);
});
