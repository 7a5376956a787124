// What every source promises, and what those that read texts promise besides.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Path } from '../../src/model/object.ts';
import { MemorySource, memoryFile } from '../../src/sources/memory.ts';
import { type Begin, promises } from './conformance.ts';
import { configMap, ReportLog } from './report-log.ts';
import { emptyFolder, follow, replaceFile, writeFiles } from './watched-folder.ts';

const overFiles: Begin = async (texts) => {
  const folder = await emptyFolder();
  const path = (name: string) => join(folder, `${name}.yaml`);
  await writeFiles(folder, Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${name}.yaml`, text])));
  const { log } = await follow({ paths: [folder], timing: { quiet: 50 } });
  return {
    log,
    put: async (changed) => {
      await Promise.all(Object.entries(changed).map(([name, text]) => replaceFile(path(name), text)));
    },
    remove: (name) => rm(path(name)),
    file: path,
  };
};

const overMemory: Begin = async (texts) => {
  const source = new MemorySource();
  const log = new ReportLog();
  onTestFinished(() => source.close());
  source.apply(Object.values(texts).join('---\n'));
  await source.start(log.take);
  return {
    log,
    put: async (changed) => source.apply(Object.values(changed).join('---\n')),
    remove: async (name) => source.delete(log.object(name).id),
    file: () => memoryFile,
  };
};

const subjects: readonly (readonly [string, Begin])[] = [
  ['files', overFiles],
  ['memory', overMemory],
];

for (const [name, begin] of subjects) promises(name, begin);

describe.each(subjects)('texts in the source over %s', (_name, begin) => {
  test('reports nothing when only comments, order and form of a text change, and then knows the new lines', async () => {
    const { log, put, file } = await begin({ a: configMap('a', 'one') });
    const before = log.object('a');
    await put({ a: '# moved\n\ndata: {value: "one"}\nmetadata: {name: a}\nkind: ConfigMap\napiVersion: v1\n' });
    await put({ other: configMap('other', 'one') });
    await log.until(({ objects }) => objects.size === 2);
    expect(log.reports).toHaveLength(2);
    expect(log.object('a')).toBe(before);
    expect(log.object('other').locate(['data'])).toMatchObject({ line: 5 });
    if (file('a') !== file('other')) expect(before.locate(['data', 'value'])).toMatchObject({ line: 3, column: 8 });
  });

  test('reports changes that come together in one report', async () => {
    const { log, put } = await begin({ a: configMap('a', 'one') });
    await put({ a: configMap('a', 'two'), b: configMap('b', 'two'), c: configMap('c', 'two') });
    await log.until(({ objects }) => objects.size === 3);
    expect(log.reports).toHaveLength(2);
    expect(log.value('a')).toBe('two');
  });

  test('takes lists apart', async () => {
    const items = ['a', 'b'].map((name) => `- metadata: {name: ${name}}\n  data: {value: one}\n`).join('');
    const { log } = await begin({ list: `apiVersion: v1\nkind: ConfigMapList\nitems:\n${items}` });
    expect([...log.objects.keys()]).toEqual(['/ConfigMap/default/a', '/ConfigMap/default/b']);
    expect(log.object('b').locate(['data', 'value'])).toMatchObject({ line: 7, column: 10 });
  });

  test('leaves an object as it was written, but for the namespace of what has none', async () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: node-1, namespace: ignored}\n';
    const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\n';
    const { log } = await begin({ node, service });
    expect([...log.objects.keys()].sort()).toEqual(['/Node//node-1', '/Service/default/s']);
    expect(log.object('s', 'Service').json).toEqual({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } });
  });
});

describe.each(subjects)('places in the source over %s', (_name, begin) => {
  test('knows the line and column of every field', async () => {
    const text = [
      '# a comment',
      'apiVersion: v1',
      'kind: Service',
      'metadata: {name: s, labels: {app: shop}}',
      'spec:',
      '  ports:',
      '  - port: 80',
      '    name: http',
      '  -',
      '    port: 443',
    ].join('\n');
    const { log, file } = await begin({ s: text });
    const at = (...path: Path) => {
      const place = log.object('s', 'Service').locate(path);
      return place && `${place.file === file('s')} ${place.line}:${place.column}`;
    };
    expect(at()).toBe('true 2:1');
    expect(at('spec')).toBe('true 5:1');
    expect(at('metadata', 'labels', 'app')).toBe('true 4:30');
    expect(at('spec', 'ports', 0)).toBe('true 7:5');
    expect(at('spec', 'ports', 0, 'name')).toBe('true 8:5');
    expect(at('spec', 'ports', 1, 'port')).toBe('true 10:5');
    expect(at('spec', 'ports', 1, 'nodePort')).toBe('true 10:5');
    expect(at('spec', 'ports', 7, 'port')).toBe('true 6:3');
    expect(at('status', 'loadBalancer')).toBe('true 2:1');
  });

  test('leaves out a document with an error, says where it is, and takes the others in', async () => {
    const { log, file } = await begin({ bad: 'apiVersion: v1\nkind: [\n', good: configMap('good', 'one') });
    expect(log.value('good')).toBe('one');
    expect(log.said()).toHaveLength(1);
    expect(log.said()[0]).toContain(`SLC0001 ${file('bad')}:`);
  });
});
