// The demo edits YAML as a careful person would: the one line, and nothing else.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changedLines, defines, setObject, WorkingCopy } from '../../../src/cli/demo/working-copy.ts';

const twoDocuments = `# The shop.
apiVersion: v1
kind: Service
metadata: {name: shop}
---
# How its requests are spread.
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: shop
spec:
  host: shop
  subsets:
  - name: v1
    labels: {version: v1}
  trafficPolicy:
    loadBalancer:
      simple: ROUND_ROBIN # turns
---
kind: Other
metadata:   {name: other}
`;

const rule = { group: 'networking.istio.io', kind: 'DestinationRule', namespace: 'default', name: 'shop' };
const path = ['spec', 'trafficPolicy', 'loadBalancer'];
let folder: string;
let copy: WorkingCopy;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-copy-'));
  const original = join(folder, 'original');
  for (const name of ['original', 'workspace']) await mkdir(join(folder, name));
  await writeFile(join(original, 'shop.yaml'), twoDocuments);
  copy = await WorkingCopy.create(original, join(folder, 'workspace'));
});
afterEach(() => rm(folder, { recursive: true }));

const content = () => readFile(join(copy.folder, 'shop.yaml'), 'utf8');

test('a changed word changes one line; comments, other documents and the original stay', async () => {
  const change = await copy.edit(
    (document) => defines(document, rule),
    (document) => setObject(document, path, { simple: 'RANDOM' }),
  );
  expect(await content()).toBe(twoDocuments.replace('ROUND_ROBIN', 'RANDOM'));
  expect(change?.lines).toEqual([
    { mark: ' ', number: 17, text: '    loadBalancer:' },
    { mark: '-', number: 18, text: '      simple: ROUND_ROBIN # turns' },
    { mark: '+', number: 18, text: '      simple: RANDOM # turns' },
  ]);
  expect(await readFile(join(folder, 'original/shop.yaml'), 'utf8')).toBe(twoDocuments);
});

test('another kind of policy replaces the fields of the one before, and can be undone', async () => {
  const change = await copy.edit(
    (document) => defines(document, rule),
    (document) => setObject(document, path, { consistentHash: { httpHeaderName: 'x-user' } }),
  );
  expect(await content()).toContain('    loadBalancer:\n      consistentHash:\n        httpHeaderName: x-user\n---\n');
  expect(await content()).not.toContain('ROUND_ROBIN');
  if (change !== null) await copy.undo(change);
  expect(await content()).toBe(twoDocuments);
});

test('an object that no file defines is not edited', async () => {
  const change = await copy.edit(
    (document) => defines(document, { ...rule, namespace: 'elsewhere' }),
    () => {},
  );
  expect(change).toBeNull();
});

test('changed lines are those between the equal beginning and the equal end', () => {
  expect(changedLines('a\nb\nc\n', 'a\nx\ny\nc\n').map(({ mark, number, text }) => `${mark}${number}${text}`)).toEqual([
    ' 1a',
    '-2b',
    '+2x',
    '+3y',
  ]);
});
