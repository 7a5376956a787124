// Endpoints change more often than anything else: what is certain about such a change takes effect before it is quiet.
import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { changesEndpointsOnly } from '../../src/sources/endpoint-change.ts';
import { defaultLimits } from '../../src/sources/limits.ts';
import { type Known, nothingKnown, parseText } from '../../src/sources/yaml.ts';
import { configMap, type ReportLog } from './report-log.ts';
import { emptyFolder, follow, replaceFile, writeFiles } from './watched-folder.ts';

const never = 3_600_000;

const slice = (name: string, addresses: readonly string[], port = 8080, service = name): string =>
  [
    'apiVersion: discovery.k8s.io/v1',
    'kind: EndpointSlice',
    `metadata: {name: ${name}, labels: {kubernetes.io/service-name: ${service}}}`,
    'addressType: IPv4',
    `ports: [{name: http, port: ${port}}]`,
    'endpoints:',
    ...addresses.map((address) => `- addresses: ["${address}"]`),
    '',
  ].join('\n');

const service = (name: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\n`;

/** How many endpoints each version of the slice had that was reported. */
const counts = ({ reports }: ReportLog, name: string): readonly number[] =>
  reports.flatMap(({ changes }) =>
    changes.flatMap((change) => {
      const endpoints = change.kind === 'applied' ? change.object.json['endpoints'] : undefined;
      return change.kind === 'applied' && change.object.id.endsWith(`/${name}`) && Array.isArray(endpoints)
        ? [endpoints.length]
        : [];
    }),
  );

describe('a file with other endpoints', () => {
  test('R-81: that is replaced in one step is read without waiting for quiet', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': `${service('a')}---\n${slice('a', ['10.0.0.1'])}` });
    const { log } = await follow({ paths: [folder], timing: { quiet: never, longest: never } });
    await replaceFile(join(folder, 'a.yaml'), `${service('a')}---\n${slice('a', ['10.0.0.1', '10.0.0.2'])}`);
    await log.until(() => counts(log, 'a').includes(2));
    expect(log.reports[1]?.changes).toHaveLength(1);
  });

  test('R-81: that is given by its own path is read as soon', async () => {
    const folder = await emptyFolder();
    const path = join(folder, 'a.yaml');
    await writeFiles(folder, { 'a.yaml': slice('a', ['10.0.0.1']) });
    const { log } = await follow({ paths: [path], timing: { quiet: never, longest: never } });
    await replaceFile(path, slice('a', ['10.0.0.1', '10.0.0.2']));
    await log.until(() => counts(log, 'a').includes(2));
  });

  test('R-81: is read again when it is quiet, and then there is nothing to report', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': slice('a', ['10.0.0.1']) });
    const { log } = await follow({ paths: [folder] });
    await replaceFile(join(folder, 'a.yaml'), slice('a', ['10.0.0.1', '10.0.0.2']));
    await log.until(() => counts(log, 'a').includes(2));
    await replaceFile(join(folder, 'other.yaml'), configMap('other', 'one'));
    await log.until(() => log.value('other') === 'one');
    expect(log.reports.map(({ changes }) => changes.length)).toEqual([1, 1, 1]);
  });
});

describe('a file with other endpoints, in steps or among others,', () => {
  test('R-80: that is moved aside and written anew is read when it is complete', async () => {
    const folder = await emptyFolder();
    const path = join(folder, 'a.yaml');
    await writeFiles(folder, { 'a.yaml': slice('a', ['10.0.0.1']) });
    const { log } = await follow({ paths: [folder], timing: { quiet: 2_000, longest: never, settle: never } });
    renameSync(path, `${path}~`);
    const file = openSync(path, 'wx');
    writeSync(file, slice('a', ['10.0.0.1', '10.0.0.2']));
    for (let turn = 0; turn < 50; turn += 1) await readFile(path);
    writeSync(file, '- addresses: ["10.0.0.3"]\n');
    closeSync(file);
    await log.until(() => counts(log, 'a').includes(3));
    expect(counts(log, 'a')).toEqual([1, 3]);
  });

  test('R-81: among many is in one of two reports', async () => {
    const folder = await emptyFolder();
    const names = Array.from({ length: 200 }, (_, i) => `s${i}`);
    const files = (addresses: readonly string[]) =>
      names.map((name) => [`${name}.yaml`, slice(name, addresses)] as const);
    await writeFiles(folder, Object.fromEntries(files(['10.0.0.1'])));
    const { log } = await follow({ paths: [folder], timing: { quiet: 300, longest: 10_000 } });
    await Promise.all(files(['10.0.0.2', '10.0.0.3']).map(([name, text]) => replaceFile(join(folder, name), text)));
    await log.until(() => names.every((name) => counts(log, name).includes(2)));
    expect(log.reports.length).toBeLessThanOrEqual(3);
  });
});

describe('a version of a file', () => {
  const held = `${service('a')}---\n${slice('a', ['10.0.0.1'])}`;
  const known = parseText(held, nothingKnown, defaultLimits);
  const before: Known = { document: () => undefined, json: (id) => known.objects.get(id)?.json };
  const onlyEndpoints = (next: string): boolean => changesEndpointsOnly(known, parseText(next, before, defaultLimits));

  test.each([
    ['other endpoints', `${service('a')}---\n${slice('a', ['10.0.0.2', '10.0.0.3'])}`],
    [
      'other annotations',
      `${service('a')}---\n${slice('a', ['10.0.0.1']).replace('{name: a,', '{name: a, generation: 2,')}`,
    ],
    ['no endpoints', `${service('a')}---\n${slice('a', [])}`],
  ])('with %s differs in endpoints alone', (_, next) => {
    expect(onlyEndpoints(next)).toBe(true);
  });

  test.each([
    ['another port', `${service('a')}---\n${slice('a', ['10.0.0.2'], 9090)}`],
    ['another service', `${service('a')}---\n${slice('a', ['10.0.0.2'], 8080, 'b')}`],
    ['a Service that differs too', `${service('a')}spec: {clusterIP: 10.96.0.1}\n---\n${slice('a', ['10.0.0.2'])}`],
    ['one object fewer', slice('a', ['10.0.0.2'])],
    ['one object more', `${held}---\n${slice('b', ['10.0.0.2'])}`],
    ['another object', `${service('a')}---\n${slice('b', ['10.0.0.2'])}`],
    ['an error', `${service('a')}---\n${slice('a', ['10.0.0.2'])}---\nkind: [\n`],
  ])('with %s differs in more', (_, next) => {
    expect(onlyEndpoints(next)).toBe(false);
  });
});

test('a source that is closed while it looks lets the process go on', async () => {
  const folder = await emptyFolder();
  await writeFiles(folder, { 'a.yaml': slice('a', ['10.0.0.1']) });
  for (let delay = 0; delay < 20; delay += 1) {
    const { source } = await follow({ paths: [folder], timing: { quiet: 0, longest: 0 } });
    const changes = Array.from({ length: 20 }, async (_, index) => {
      await sleep(index);
      await replaceFile(join(folder, 'a.yaml'), slice('a', [`10.0.1.${index}`]));
    });
    await sleep(delay);
    await source.close();
    await Promise.all(changes);
  }
});
