// Files change in all the ways in which editors, scripts and Kubernetes change them.
import { open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configMap, type ReportLog } from './report-log.ts';
import { emptyFolder, follow, replaceFile, writeFiles } from './watched-folder.ts';

const never = 3_600_000;
const deletions = ({ reports }: ReportLog) =>
  reports.flatMap(({ changes }) => changes.filter(({ kind }) => kind === 'deleted'));

/** A folder with the object `a`, followed. */
async function withA(
  timing = {},
): Promise<{ readonly folder: string; readonly path: string; readonly log: ReportLog }> {
  const folder = await emptyFolder();
  await writeFiles(folder, { 'a.yaml': configMap('a', 'one') });
  const { log } = await follow({ paths: [folder], timing });
  return { folder, path: join(folder, 'a.yaml'), log };
}

/** Changes something else, and waits until that is seen: then all that happened before has been looked at. */
async function somethingElse(folder: string, log: ReportLog): Promise<void> {
  const value = String(log.reports.length);
  await replaceFile(join(folder, 'other.yaml'), configMap('other', `"${value}"`));
  await log.until(() => log.value('other') === value);
}

describe('a file', () => {
  test('R-81: replaced in one step is read at once', async () => {
    const { path, log } = await withA({ settle: never });
    await replaceFile(path, configMap('a', 'two'));
    await log.until(() => log.value('a') === 'two');
  });

  test('R-81: replaced in one step by one with fewer objects loses them at once', async () => {
    const { path, log } = await withA({ settle: never });
    await replaceFile(path, configMap('b', 'one'));
    await log.until(() => log.value('b') === 'one');
    expect(log.find('a')).toBeUndefined();
  });

  test('R-81: saved by an editor that moves the old one aside is never gone', async () => {
    const { folder, path, log } = await withA({ settle: never });
    for (const value of ['two', 'three', 'four']) {
      await writeFiles(folder, { '.a.yaml.swp': 'x', '4913': '', '#a.yaml#': 'x: [', '.#a.yaml': 'x: [' });
      await rename(path, `${path}~`);
      await writeFile(path, configMap('a', value));
      await Promise.all([`${path}~`, join(folder, '.a.yaml.swp'), join(folder, '4913')].map((each) => rm(each)));
      await log.until(() => log.value('a') === value);
    }
    expect(deletions(log)).toEqual([]);
    expect(log.said()).toEqual([]);
  });

  test('R-81: deleted and created within 50 ms is never gone', async () => {
    const { path, log } = await withA({ settle: 2_000 });
    for (const value of ['two', 'three', 'four', 'five']) {
      await rm(path);
      await writeFile(path, configMap('a', value));
      await log.until(() => log.value('a') === value);
    }
    expect(deletions(log)).toEqual([]);
  });
});

describe('a file', () => {
  test('that gets another name keeps its objects, and nothing is said', async () => {
    const { folder, path, log } = await withA({ settle: never });
    const before = log.object('a');
    await rename(path, join(folder, 'b.yaml'));
    await somethingElse(folder, log);
    expect(before.locate([])).toEqual({ file: join(folder, 'b.yaml'), line: 1, column: 1 });
    expect(log.reports.slice(1).flatMap(({ changes }) => changes)).toHaveLength(1);
    expect(log.said()).toEqual([]);
  });

  test('whose object moves to another file is no loss', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': `${configMap('a', 'one')}---\n${configMap('b', 'one')}`, 'b.yaml': '' });
    const { log } = await follow({ paths: [folder], timing: { settle: never, quiet: 100 } });
    const before = log.object('b');
    await writeFiles(folder, { 'a.yaml': configMap('a', 'two'), 'b.yaml': configMap('b', 'one') });
    await log.until(() => log.value('a') === 'two');
    expect(log.object('b')).toBe(before);
    expect(before.locate([])?.file).toBe(join(folder, 'b.yaml'));
  });
});

describe('a file, for a moment or for good,', () => {
  test('that is deleted for good takes its objects with it', async () => {
    const { path, log } = await withA();
    await rm(path);
    await log.until(({ objects }) => objects.size === 0);
    expect(log.said()).toEqual([]);
  });

  test('R-80: that is empty for a moment keeps its objects', async () => {
    const { folder, path, log } = await withA({ settle: never });
    await truncate(path);
    await somethingElse(folder, log);
    expect(log.value('a')).toBe('one');
    await writeFile(path, configMap('a', 'two'));
    await log.until(() => log.value('a') === 'two');
    expect(deletions(log)).toEqual([]);
  });

  test('that is empty for good takes its objects with it', async () => {
    const { path, log } = await withA({ settle: 30 });
    await truncate(path);
    await log.until(({ objects }) => objects.size === 0);
  });
});

describe('a file that is being written', () => {
  test('R-80: half written is read when it is complete, and nothing is said meanwhile', async () => {
    const { folder, path, log } = await withA({ settle: never });
    const handle = await open(path, 'w');
    await handle.write(`${configMap('a', 'two')}---\napiVersion: v1\nkind: "Conf`);
    await somethingElse(folder, log);
    expect([log.value('a'), log.said()]).toEqual(['one', []]);
    await handle.write('igMap"\nmetadata: {name: b}\n');
    await handle.close();
    await log.until(({ objects }) => objects.size === 3);
    expect([log.value('a'), log.said()]).toEqual(['two', []]);
  });

  test('R-80: that is cut between two documents while it is written keeps its objects', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': `${configMap('a', 'one')}---\n${configMap('b', 'one')}` });
    const { log } = await follow({ paths: [folder], timing: { settle: never } });
    const handle = await open(join(folder, 'a.yaml'), 'w');
    await handle.write(configMap('a', 'two'));
    await somethingElse(folder, log);
    expect([log.value('a'), log.value('b')]).toEqual(['one', 'one']);
    await handle.write(`---\n${configMap('b', 'two')}`);
    await handle.close();
    await log.until(() => log.value('b') === 'two');
    expect(deletions(log)).toEqual([]);
  });

  test('that is only touched gives no report', async () => {
    const { folder, path, log } = await withA();
    await writeFile(path, configMap('a', 'one'));
    await somethingElse(folder, log);
    expect(log.reports).toHaveLength(2);
  });
});

describe('a broken file', () => {
  const broken = `${configMap('a', 'two')}---\nkind: [\n`;

  test('R-80: keeps its last good form as a whole; all other files apply; the place is named', async () => {
    const { folder, path, log } = await withA({ settle: 20 });
    const before = log.object('a');
    await replaceFile(path, broken);
    await replaceFile(join(folder, 'b.yaml'), configMap('b', 'one'));
    await log.until(({ diagnostics, objects }) => diagnostics.length > 0 && objects.size === 2);
    expect(log.object('a')).toBe(before);
    expect(log.said()).toEqual([
      `SLC0001 ${path}:9:1 ${'flow sequence in block collection must be sufficiently indented and end with a ]'}`,
    ]);
    await replaceFile(path, configMap('a', 'three'));
    await log.until(() => log.value('a') === 'three');
    expect(log.said()).toEqual([]);
  });

  test('that is mended to what it was gives its diagnostics back', async () => {
    const { path, log } = await withA({ settle: 20 });
    const before = log.object('a');
    await replaceFile(path, broken);
    await log.until(({ diagnostics }) => diagnostics.length > 0);
    await replaceFile(path, configMap('a', 'one'));
    await log.until(({ diagnostics }) => diagnostics.length === 0);
    expect(log.object('a')).toBe(before);
    expect(log.reports.slice(1).flatMap(({ changes }) => changes)).toEqual([]);
  });

  test('that was never good gives its good documents: at the start at once, later when it stays so', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': broken });
    const { log } = await follow({ paths: [folder], timing: { settle: 20 } });
    expect([log.value('a'), log.said().length]).toEqual(['two', 1]);
    await writeFiles(folder, { 'b.yaml': `${configMap('b', 'one')}---\n- not an object\n` });
    await log.until(() => log.value('b') === 'one');
    expect(log.said().map((line) => line.split(' ')[0])).toEqual(['SLC0001', 'SLC0004']);
  });

  test('R-85: an unknown kind is no error of a file', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, {
      'a.yaml': configMap('a', 'one'),
      'b.yaml': 'apiVersion: example.com/v7\nkind: Unheard\nmetadata: {name: b}\nspec: {unknown: 1}\n',
      'c.yaml': configMap('c', 'one'),
    });
    const { log } = await follow({ paths: [folder] });
    expect([log.objects.size, log.said()]).toEqual([3, []]);
  });
});

describe('many files', () => {
  test('R-81: that change at once are one report', async () => {
    const { folder, log } = await withA({ quiet: 300, longest: 10_000 });
    const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
    await writeFiles(folder, Object.fromEntries(names.map((name) => [`${name}.yaml`, configMap(name, 'one')])));
    await log.until(({ objects }) => objects.size === 301);
    expect(log.reports).toHaveLength(2);
    await Promise.all(names.map((name) => replaceFile(join(folder, `${name}.yaml`), configMap(name, 'two'))));
    await log.until(() => log.value('n299') === 'two');
    expect(log.reports[2]?.changes).toHaveLength(300);
  });

  test('R-81: a change that nobody noticed is found by the slow check', async () => {
    const folder = await emptyFolder();
    const aside = await emptyFolder();
    await writeFiles(aside, { 'one/a.yaml': configMap('a', 'one'), 'two/a.yaml': configMap('a', 'two') });
    await symlink('one', join(aside, 'current'));
    await symlink(join(aside, 'current'), join(folder, 'linked'));
    const { log } = await follow({ paths: [folder], timing: { recheck: 50 } });
    await symlink('two', join(aside, 'next'));
    await rename(join(aside, 'next'), join(aside, 'current'));
    await log.until(() => log.value('a') === 'two');
  });
});

describe('a file', () => {
  test('in a folder that comes, moves and goes', async () => {
    const { folder, log } = await withA();
    await writeFiles(folder, { 'sub/deeper/b.yaml': configMap('b', 'one') });
    await log.until(() => log.value('b') === 'one');
    await rename(join(folder, 'sub'), join(folder, 'moved'));
    await somethingElse(folder, log);
    expect(log.object('b').locate([])?.file).toBe(join(folder, 'moved/deeper/b.yaml'));
    expect([deletions(log), log.said()]).toEqual([[], []]);
    await replaceFile(join(folder, 'moved/deeper/b.yaml'), configMap('b', 'two'));
    await log.until(() => log.value('b') === 'two');
    await rm(join(folder, 'moved'), { recursive: true });
    await log.until(() => log.find('b') === undefined);
    await writeFiles(folder, { 'moved/deeper/b.yaml': configMap('b', 'three') });
    await log.until(() => log.value('b') === 'three');
  });

  test('in a folder that is made anew at once is followed on', async () => {
    const { folder, log } = await withA();
    for (const value of ['one', 'two', 'three']) {
      await rm(join(folder, 'sub'), { recursive: true, force: true });
      await writeFiles(folder, { 'sub/b.yaml': configMap('b', value) });
      await log.until(() => log.value('b') === value);
      await replaceFile(join(folder, 'sub/b.yaml'), configMap('b', `${value}-changed`));
      await log.until(() => log.value('b') === `${value}-changed`);
    }
  });
});
