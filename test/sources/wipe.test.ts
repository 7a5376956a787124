// R-43 from the files to a proxy: a folder that loses everything, the control plane on it, a real client.
import { mkdir, readdir, rename, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ControlPlane, type Publication } from '../../src/control-plane.ts';
import { filesSource } from '../../src/sources/files.ts';
import { defaultWipeGuard } from '../../src/sources/wipe-guard.ts';
import { startXdsServer } from '../../src/xds/server.ts';
import { serve } from '../cli/sluice.ts';
import { AdsClient } from '../harness/ads-client.ts';
import { parseExposition, sample } from '../harness/exposition.ts';
import { emptyFolder, replaceFile, writeFiles } from './watched-folder.ts';

const never = 3_600_000;
const serviceYaml = (name: string): string =>
  `{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: {ports: [{name: http, port: 80}]}}\n`;
const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
const services = Object.fromEntries(names.map((name) => [`${name}.yaml`, serviceYaml(name)]));
const clusterName = (name: string): string => `outbound|80||${name}.default.svc.cluster.local`;

function client(port: number): AdsClient {
  const ads = new AdsClient({ port, protocol: 'delta' });
  onTestFinished(() => ads.close());
  ads.subscribe('cluster');
  return ads;
}

/** A control plane on a folder, and a client that has all clusters; `drain` is how long a cluster stays at least. */
async function running(folder: string, { confirmAfter = never, drain = 0 }) {
  const controlPlane = new ControlPlane({
    sources: [filesSource({ paths: [folder], timing: { settle: 10, recheck: 50 } })],
    allowLoopbackEndpoints: false,
    wipeGuard: { ...defaultWipeGuard, confirmAfter },
  });
  onTestFinished(() => controlPlane.close());
  await controlPlane.start();
  const server = await startXdsServer({ provider: controlPlane, port: 0, timers: { drain } });
  onTestFinished(() => server.close());
  const ads = client(server.port);
  await ads.take('cluster');
  /** The next publication that is as asked for. */
  const published = (wanted: (publication: Publication) => boolean): Promise<Publication> =>
    new Promise((resolve) => {
      const end = controlPlane.onPublish((publication) => {
        if (!wanted(publication)) return;
        end();
        resolve(publication);
      });
    });
  return { ads, published };
}

/** The names of the clusters that a client is told to be gone, until they are so many. */
async function removedBy(ads: AdsClient, count: number): Promise<readonly string[]> {
  const removed = new Set<string>();
  while (removed.size < count) for (const name of (await ads.take('cluster')).removed) removed.add(name);
  return [...removed].sort();
}

async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await unlink(join(folder, name));
}

test('R-43: a folder that is emptied takes no cluster away, what is added applies, and what comes back is as before', async () => {
  const folder = await emptyFolder();
  await writeFiles(folder, services);
  const { ads, published } = await running(folder, { drain: never });
  // The files go one by one: what was let go before it was a wipe is back before it was drained.
  const held = published(({ heldObjects }) => heldObjects === 20);
  await empty(folder);
  expect((await held).diagnostics.filter(({ code }) => code === 'SLC0007').length).toBe(1);
  await replaceFile(join(folder, 'new.yaml'), serviceYaml('new'));
  const added = await ads.take('cluster');
  expect([[...added.resources.keys()], added.removed]).toEqual([[clusterName('new')], []]);
  const back = published(({ heldObjects }) => heldObjects === 0);
  await writeFiles(folder, services);
  expect((await back).diagnostics.filter(({ code }) => code === 'SLC0007')).toEqual([]);
  // Had a cluster been taken away and come back, this would not be all that is sent.
  await replaceFile(join(folder, 'new.yaml'), serviceYaml('newer'));
  const changed = await ads.take('cluster');
  expect([...changed.resources.keys()]).toEqual([clusterName('newer')]);
});

test('R-43: a mount that is swapped for an empty one takes no cluster away', async () => {
  const folder = await emptyFolder();
  await writeFiles(join(folder, '..1'), { 'all.yaml': Object.values(services).join('---\n') });
  await mkdir(join(folder, '..2'));
  await symlink('..1', join(folder, '..data'));
  await symlink('..data/all.yaml', join(folder, 'all.yaml'));
  const { published } = await running(folder, {});
  const held = published(({ heldObjects }) => heldObjects > 0);
  await symlink('..2', join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await rm(join(folder, 'all.yaml'));
  const { heldObjects, objects, services: known } = await held;
  expect([heldObjects, objects, known]).toEqual([20, 20, 20]);
});

test('R-43: what is still gone after the time of confirmation is taken away', async () => {
  const folder = await emptyFolder();
  await writeFiles(folder, { 'all.yaml': Object.values(services).join('---\n') });
  const { ads, published } = await running(folder, { confirmAfter: 200 });
  const held = published(({ heldObjects }) => heldObjects === 20);
  await empty(folder);
  await held;
  expect(await removedBy(ads, 20)).toEqual(names.map(clusterName).sort());
});

test('R-43: two services in five may go at once', async () => {
  const folder = await emptyFolder();
  await writeFiles(folder, services);
  const { ads } = await running(folder, {});
  for (const name of names.slice(0, 8)) await unlink(join(folder, `${name}.yaml`));
  expect(await removedBy(ads, 8)).toEqual(names.slice(0, 8).map(clusterName).sort());
});

test('R-43: `sluice serve` holds a wipe, with a line in the log and a metric; with --allow-wipe it goes through', async () => {
  const [guarded, open] = [await emptyFolder(), await emptyFolder()];
  for (const folder of [guarded, open]) await writeFiles(folder, services);
  const holding = await serve(['--config', guarded]);
  const passing = await serve(['--config', open, '--allow-wipe']);
  const ads = client(Number(passing.xds.split(':')[1]));
  await ads.take('cluster');
  for (const folder of [guarded, open]) await empty(folder);
  expect(await holding.line('SLC0007')).toContain('20 of 20 Service');
  const metrics = parseExposition(await (await fetch(`http://${holding.http}/metrics`)).text());
  expect([sample(metrics, 'sluice_held_objects'), sample(metrics, 'pilot_services')]).toEqual([20, 20]);
  expect(await removedBy(ads, 20)).toEqual(names.map(clusterName).sort());
});
