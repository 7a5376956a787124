// Which files are read, what happens when they cannot be, and who wins where two define the same object.
import { once } from 'node:events';
import { chmod, rename, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { filesSource, readOnce } from '../../src/sources/files.ts';
import { textSource } from '../../src/sources/text.ts';
import { configMap, ReportLog } from './report-log.ts';
import { emptyFolder, follow, replaceFile, writeFiles } from './watched-folder.ts';

describe('a folder', () => {
  test('is read with all below it, but for hidden files and what editors leave', async () => {
    const folder = await emptyFolder();
    const names = ['a.yaml', 'b.yml', 'c.json', 'sub/deep/d.yaml', 'e.yaml.d/f.yaml'];
    const not = [
      '.h.yaml',
      '.git/i.yaml',
      'j.yaml~',
      'k.yaml.swp',
      '#l.yaml#',
      '.#m.yaml',
      'n.txt',
      'o.yaml.bak',
      '..q/r.yaml',
    ];
    await writeFiles(folder, Object.fromEntries(names.map((name, i) => [name, configMap(`yes-${i}`, 'one')])));
    await writeFiles(folder, Object.fromEntries(not.map((name, i) => [name, configMap(`no-${i}`, 'one')])));
    const { log } = await follow({ paths: [`${folder}/`] });
    expect(
      log.objects
        .values()
        .map((object) => object.locate([])?.file)
        .toArray(),
    ).toEqual(names.map((name) => `${folder}/${name}`));
    expect(log.said()).toEqual([]);
  });
});

describe('a folder', () => {
  test('may hold links, also to folders and in circles; nothing is read twice', async () => {
    const [folder, aside] = [await emptyFolder(), await emptyFolder()];
    await writeFiles(aside, {
      'x.yaml': configMap('x', 'one'),
      'y/y.yaml': configMap('w', 'one'),
      'no-yaml': configMap('z', 'one'),
    });
    await writeFiles(folder, { 'a.yaml': configMap('a', 'one') });
    await symlink('a.yaml', join(folder, 'b.yaml'));
    await symlink('.', join(folder, 'circle'));
    await symlink(join(aside, 'y'), join(folder, 'folder'));
    await symlink(join(aside, 'y'), join(folder, 'folder-again'));
    await symlink(join(aside, 'no-yaml'), join(folder, 'z.yaml'));
    const { log } = await follow({ paths: [folder, join(folder, 'a.yaml'), `${folder}/.`] });
    expect([log.objects.keys().toArray(), log.said()]).toEqual([
      ['a', 'w', 'z'].map((name) => `/ConfigMap/default/${name}`),
      [],
    ]);
    await replaceFile(join(aside, 'no-yaml'), configMap('z', 'two'));
    await log.until(() => log.value('z') === 'two');
    await replaceFile(join(aside, 'y/y.yaml'), configMap('w', 'two'));
    await log.until(() => log.value('w') === 'two');
    await rm(join(folder, 'folder-again'));
    await rm(join(folder, 'folder'));
    await log.until(() => log.find('w') === undefined);
  });

  test('that is replaced as a whole is followed on', async () => {
    const parent = await emptyFolder();
    await writeFiles(parent, { 'conf/a.yaml': configMap('a', 'one'), 'next/a.yaml': configMap('a', 'two') });
    const { log } = await follow({ paths: [join(parent, 'conf')] });
    await rename(join(parent, 'conf'), join(parent, 'old'));
    await rename(join(parent, 'next'), join(parent, 'conf'));
    await log.until(() => log.value('a') === 'two');
    await replaceFile(join(parent, 'conf/a.yaml'), configMap('a', 'three'));
    await log.until(() => log.value('a') === 'three');
  });
});

describe('what cannot be read', () => {
  test('R-86: a file keeps what was, and is read again when it can be', async () => {
    const folder = await emptyFolder();
    const path = join(folder, 'a.yaml');
    await writeFiles(folder, { 'a.yaml': configMap('a', 'one') });
    const { log } = await follow({ paths: [folder] });
    await symlink('a.yaml', join(folder, '.circle'));
    await rename(join(folder, '.circle'), path);
    await log.until(({ diagnostics }) => diagnostics.length > 0);
    expect([log.value('a'), log.said()]).toEqual(['one', [`SLC0006 ${path}:1:1 its symbolic links form a circle`]]);
    await replaceFile(path, configMap('a', 'two'));
    await log.until(() => log.value('a') === 'two');
    expect(log.said()).toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)('R-86: a folder without permission keeps what was', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'sub/a.yaml': configMap('a', 'one') });
    const { log } = await follow({ paths: [folder], timing: { recheck: 50 } });
    await chmod(join(folder, 'sub'), 0);
    await log.until(({ diagnostics }) => diagnostics.length > 0);
    expect([log.value('a'), log.said()]).toEqual(['one', [`SLC0006 ${folder}/sub:1:1 permission denied`]]);
    await chmod(join(folder, 'sub'), 0o755);
    await log.until(({ diagnostics }) => diagnostics.length === 0);
  });
});

describe('a given path', () => {
  test('that goes keeps what was, and is read again when it is back', async () => {
    const parent = await emptyFolder();
    await writeFiles(parent, { 'conf/a.yaml': configMap('a', 'one'), 'b.yaml': configMap('b', 'one') });
    const [conf, b] = [join(parent, 'conf'), join(parent, 'b.yaml')];
    const { log } = await follow({ paths: [conf, b] });
    await rename(conf, join(parent, 'away'));
    await rename(b, join(parent, 'away.yaml'));
    await log.until(({ diagnostics }) => diagnostics.length === 2);
    expect(log.said()).toEqual([b, conf].map((path) => `SLC0006 ${path}:1:1 there is no such file or folder`));
    expect(log.objects.size).toBe(2);
    await rename(join(parent, 'away'), conf);
    await rename(join(parent, 'away.yaml'), b);
    await log.until(({ diagnostics }) => diagnostics.length === 0);
    expect(log.reports.slice(1).flatMap(({ changes }) => changes)).toEqual([]);
  });

  test('that is missing at the start is waited for, if another one is there', async () => {
    const parent = await emptyFolder();
    await writeFiles(parent, { 'a.yaml': configMap('a', 'one') });
    const { log } = await follow({ paths: [join(parent, 'a.yaml'), join(parent, 'later')] });
    expect(log.said()).toEqual([`SLC0006 ${parent}/later:1:1 there is no such file or folder`]);
    await writeFiles(parent, { 'later/b.yaml': configMap('b', 'one') });
    await log.until(() => log.value('b') === 'one');
    expect(log.said()).toEqual([]);
  });

  test('must exist, or one of them', async () => {
    const folder = await emptyFolder();
    const paths = [join(folder, 'no'), join(folder, 'neither.yaml')];
    const says = `no such file or folder: ${paths.join(', ')}`;
    await expect(filesSource({ paths }).start(() => {})).rejects.toThrow(says);
    await expect(readOnce(paths)).rejects.toThrow(says);
  });

  test('what is no regular file is left alone', async () => {
    const folder = await emptyFolder();
    const socket = createServer().listen(join(folder, 'socket.yaml'));
    onTestFinished(() => void socket.close());
    await once(socket, 'listening');
    await writeFiles(folder, { 'a.yaml': configMap('a', 'one') });
    const { log } = await follow({ paths: [folder] });
    expect([log.value('a'), log.said()]).toEqual([
      'one',
      [`SLC0006 ${folder}/socket.yaml:1:1 it is not a regular file`],
    ]);
  });
});

describe('the same object twice', () => {
  test('the first path wins, in one file the first document; the others are told, and take over when it goes', async () => {
    const folder = await emptyFolder();
    const at = (name: string) => join(folder, name);
    await writeFiles(folder, {
      'b.yaml': `${configMap('x', 'b')}---\n${configMap('x', 'b-again')}`,
      'a/a.yaml': configMap('x', 'a'),
      'c.yaml': configMap('x', 'c'),
    });
    const { log } = await follow({ paths: [folder] });
    const told = (place: string, winner: string) =>
      `SLC0003 ${at(place)}:1 ConfigMap default/x is defined before, at ${at(winner)}:1, and that one is used`;
    expect(log.value('x')).toBe('a');
    expect(log.said()).toEqual([
      told('b.yaml:1', 'a/a.yaml'),
      told('b.yaml:8', 'a/a.yaml'),
      told('c.yaml:1', 'a/a.yaml'),
    ]);
    expect(log.diagnostics[0]?.object).toBe('/ConfigMap/default/x');
    await rm(at('a/a.yaml'));
    await log.until(() => log.value('x') === 'b');
    expect(log.said()).toEqual([told('b.yaml:8', 'b.yaml'), told('c.yaml:1', 'b.yaml')]);
    await replaceFile(at('b.yaml'), configMap('w', 'b'));
    await log.until(() => log.value('x') === 'c');
    expect(log.said()).toEqual([]);
    await replaceFile(at('b.yaml'), configMap('x', 'b'));
    await log.until(() => log.value('x') === 'b');
    expect(log.object('x').locate([])?.file).toBe(at('b.yaml'));
  });

  test('an equal definition takes over without anyone noticing', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': configMap('x', 'one'), 'b.yaml': `# same\n${configMap('x', 'one')}` });
    const { log } = await follow({ paths: [folder] });
    const before = log.object('x');
    await rm(join(folder, 'a.yaml'));
    await log.until(({ diagnostics }) => diagnostics.length === 0);
    expect(log.object('x')).toBe(before);
    expect(before.locate(['kind'])).toEqual({ file: join(folder, 'b.yaml'), line: 3, column: 1 });
  });
});

describe('limits', () => {
  test('on files, folders and objects are reported, and what was read before stays', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, {
      'a.yaml': configMap('a', 'one'),
      'b.yaml': configMap('b', 'one'),
      'x/y/z.yaml': configMap('z', 'one'),
    });
    const { log } = await follow({ paths: [folder], limits: { files: 3, folderDepth: 2, objects: 2 } });
    expect([log.objects.size, log.said()]).toEqual([
      2,
      [`SLC0002 ${folder}/x/y:1:1 it is too deep below the given folder`],
    ]);
    await writeFiles(folder, { 'c.yaml': configMap('c', 'one') });
    await log.until(({ diagnostics }) => diagnostics.length === 2);
    expect(log.said()[0]).toBe(`SLC0002 ${folder}/c.yaml:1:1 with this file there would be more than 2 objects`);
    await writeFiles(folder, { '0.yaml': '# nothing' });
    await log.until(({ diagnostics }) => diagnostics.length === 3);
    expect(log.said()[0]).toBe(`SLC0002 ${folder}:1:1 not all of it is read: more than 3 files`);
    expect(log.objects.keys().toArray()).toEqual(['/ConfigMap/default/a', '/ConfigMap/default/b']);
  });
});

describe('reading once', () => {
  test('gives objects and diagnostics of files and texts, sorted by place', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'b.yaml': `kind: [\n---\n- 1\n`, 'a.txt': configMap('a', 'one') });
    const texts = [{ name: 'stdin', text: `${configMap('s', 'one')}---\n${configMap('a', 'two')}` }];
    const { objects, diagnostics } = await readOnce([join(folder, 'a.txt'), folder], { texts });
    expect([...objects.keys()].sort()).toEqual(['/ConfigMap/default/a', '/ConfigMap/default/s']);
    expect(diagnostics.map(({ code, location }) => [code, location?.file, location?.line])).toEqual([
      ['SLC0001', `${folder}/b.yaml`, 2],
      ['SLC0004', `${folder}/b.yaml`, 3],
      ['SLC0003', 'stdin', 8],
    ]);
  });

  test('a text is a source of its own', async () => {
    const log = new ReportLog();
    const source = textSource('stdin', `${configMap('a', 'one')}---\n${configMap('b', 'one')}---\nx: [\n`);
    await source.start(log.take);
    expect(log.object('b').locate(['data', 'value'])).toEqual({ file: 'stdin', line: 13, column: 3 });
    expect(log.said()).toEqual([expect.stringMatching(/^SLC0001 stdin:16:1 /)]);
    await source.close();
  });
});

describe('a place', () => {
  test('of an object whose text is no longer in the file is the last that was known', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': `# one\n${configMap('a', 'one')}` });
    const { log } = await follow({ paths: [folder], timing: { settle: 0 } });
    await replaceFile(join(folder, 'a.yaml'), 'a: [');
    await log.until(({ diagnostics }) => diagnostics.length > 0);
    expect(log.object('a').locate(['data', 'value'])).toEqual({ file: join(folder, 'a.yaml'), line: 2, column: 1 });
  });

  test('of an object that is gone is nowhere', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': configMap('a', 'one'), 'b.yaml': configMap('b', 'one') });
    const { log } = await follow({ paths: [folder] });
    const before = log.object('a');
    await rm(join(folder, 'a.yaml'));
    await log.until(({ objects }) => objects.size === 1);
    expect(before.locate([])).toBeNull();
  });
});
