// A ConfigMap's volume: links into a data folder that Kubernetes swaps as a whole.
import { readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileSet } from '../../src/sources/file-set.ts';
import { defaultLimits } from '../../src/sources/limits.ts';
import { configMap } from './report-log.ts';
import { emptyFolder, follow, writeFiles } from './watched-folder.ts';

const never = 3_600_000;

/** Lays a ConfigMap's volume out as the kubelet does (its AtomicWriter), or replaces what it holds. */
async function mount(folder: string, version: string, files: Readonly<Record<string, string>>): Promise<void> {
  const data = join(folder, `..${version}`);
  const old = (await readdir(folder)).filter((name) => name.startsWith('..2'));
  await writeFiles(data, files);
  await symlink(`..${version}`, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  const shown = new Set(Object.keys(files).map((name) => name.split('/')[0] ?? ''));
  const linked = (await readdir(folder)).filter((name) => !name.startsWith('..'));
  for (const name of shown) if (!linked.includes(name)) await symlink(`..data/${name}`, join(folder, name));
  for (const name of linked) if (!shown.has(name)) await rm(join(folder, name));
  for (const name of old) await rm(join(folder, name), { recursive: true });
}

/** Swaps the data folder, again and again. */
async function swapTo(folder: string, targets: readonly string[]): Promise<'done'> {
  for (const target of targets) {
    await symlink(target, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  }
  return 'done';
}

const first = {
  'a.yaml': configMap('a', 'one'),
  'b.yaml': configMap('b', 'one'),
  'sub/c.yaml': configMap('c', 'one'),
};
const second = {
  'a.yaml': configMap('a', 'two'),
  'sub/c.yaml': configMap('c', 'two'),
  'd.yaml': configMap('d', 'two'),
};

describe('R-81: a mounted ConfigMap', () => {
  test('is read once, under the names that its user sees', async () => {
    const folder = await emptyFolder();
    await mount(folder, '2024_1', first);
    const { log } = await follow({ paths: [folder] });
    expect([log.objects.size, log.said()]).toEqual([3, []]);
    expect(log.object('c').locate(['data', 'value'])).toEqual({ file: `${folder}/sub/c.yaml`, line: 6, column: 3 });
  });

  test('is swapped in one report: what changed, what came and what went', async () => {
    const folder = await emptyFolder();
    await mount(folder, '2024_1', first);
    const { log } = await follow({ paths: [folder], timing: { settle: never } });
    await mount(folder, '2024_2', second);
    await log.until(() => log.value('d') === 'two');
    expect(log.reports).toHaveLength(2);
    expect([log.value('a'), log.value('b'), log.value('c')]).toEqual(['two', undefined, 'two']);
    expect(log.object('c').locate([])).toEqual({ file: `${folder}/sub/c.yaml`, line: 1, column: 1 });
  });
});

describe('R-81: a mounted ConfigMap', () => {
  test('is never seen half swapped, however often it is looked at', async () => {
    const folder = await emptyFolder();
    const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
    for (const value of ['one', 'two']) {
      await writeFiles(
        folder,
        Object.fromEntries(names.map((name) => [`..${value}/${name}.yaml`, configMap(name, value)])),
      );
    }
    for (const name of names) await symlink(`..data/${name}.yaml`, join(folder, `${name}.yaml`));
    await symlink('..one', join(folder, '..data'));
    const files = new FileSet({ paths: [folder], limits: defaultLimits, settle: never });
    const seen = new Set<string>();
    const swaps = swapTo(
      folder,
      Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? '..two' : '..one')),
    );
    const look = () => files.look({ kind: 'all', read: 'every', paths: new Set() });
    while ((await Promise.race([swaps, look()])) !== 'done') {
      const values = files.table
        .objects()
        .values()
        .map(({ json }) => JSON.stringify(json['data']));
      seen.add([...new Set(values)].join(' and '));
    }
    expect([...seen].filter((values) => !/^{"value":"(one|two)"}$/.test(values))).toEqual([]);
  });
});

describe('R-81: a mounted ConfigMap', () => {
  test('loses nothing when its old data is removed while it is looked at', async () => {
    const folder = await emptyFolder();
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    const version = (value: string) =>
      Object.fromEntries(names.map((name) => [`${name}.yaml`, configMap(name, value)]));
    await mount(folder, '2024_0', version('v0'));
    const files = new FileSet({ paths: [folder], limits: defaultLimits, settle: 0 });
    const look = () => files.look({ kind: 'all', read: 'every', paths: new Set() });
    await look();
    const swaps = (async () => {
      for (let i = 1; i <= 40; i += 1) await mount(folder, `2024_${i}`, version(`v${i}`));
      return 'done';
    })();
    while ((await Promise.race([swaps, look()])) !== 'done') expect(files.table.objects().size).toBe(20);
  });

  test('works for single files out of it', async () => {
    const folder = await emptyFolder();
    await mount(folder, '2024_1', first);
    const { log } = await follow({ paths: [join(folder, 'a.yaml'), join(folder, 'b.yaml')] });
    await mount(folder, '2024_2', { ...first, 'b.yaml': configMap('b', 'two') });
    await log.until(() => log.value('b') === 'two');
    expect(log.value('a')).toBe('one');
  });
});
