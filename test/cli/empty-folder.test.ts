// A control plane that starts on an empty folder: the wrong one, perhaps, and proxies would lose all that they have.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { AdsClient } from '../harness/ads-client.ts';
import { documents, service, slice } from './input.ts';
import { folder, type Serving, serve } from './sluice.ts';

const client = ({ xds }: Serving): AdsClient => {
  const it = new AdsClient({ port: Number(xds.split(':')[1]), protocol: 'delta' });
  it.subscribe('cluster');
  return it;
};
const readyz = async ({ http }: Serving): Promise<number> => (await fetch(`http://${http}/readyz`)).status;

test('R-43: it turns proxies away until there is a Service', async () => {
  const dir = folder({});
  const serving = await serve(['--config', dir]);
  expect(await serving.line('there is no Service')).toContain('--allow-wipe');
  expect((await client(serving).ended).code).toBe(status.UNAVAILABLE);
  expect(await readyz(serving)).toBe(503);
  writeFileSync(join(dir, 'new'), documents(service, slice));
  renameSync(join(dir, 'new'), join(dir, 'all.yaml'));
  await serving.line('"services":1');
  expect(await readyz(serving)).toBe(200);
  const { resources } = await client(serving).take('cluster');
  expect([...resources.keys()].filter((name) => name.startsWith('outbound'))).toHaveLength(1);
});

test('--allow-wipe serves nothing to whoever asks', async () => {
  const serving = await serve(['--allow-wipe', '--config', folder({})]);
  expect(await readyz(serving)).toBe(200);
  const { resources } = await client(serving).take('cluster');
  expect([...resources.keys()].filter((name) => name.startsWith('outbound'))).toEqual([]);
});
