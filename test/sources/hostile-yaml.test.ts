// Input made to break the reader: S-20 (it costs next to nothing and what was good stays), S-21 (no key reaches a prototype).
import { rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '../../src/sources/limits.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import { nothingKnown, parseText } from '../../src/sources/yaml.ts';
import { configMap, ReportLog } from './report-log.ts';
import { emptyFolder, follow, writeFiles } from './watched-folder.ts';

const good = configMap('kept', 'one');
const nested = (depth: number, line: (index: number) => string) =>
  Array.from({ length: depth }, (_, i) => line(i)).join('');
const laughs = Array.from(
  { length: 30 },
  (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]\n`,
).join('');
const mergedLaughs = Array.from(
  { length: 30 },
  (_, i) => `a${i + 1}: &a${i + 1}\n  <<: [${Array(10).fill(`*a${i}`).join(', ')}]\n  k${i}: [*a${i}]\n`,
).join('');
const tag = (text: string) => ({ text: `${good}v: ${text}\n`, says: /^SLC0001 .*:7:4 unresolved tag/ });

interface Hostile {
  readonly text: string;
  readonly says: RegExp;
}

const hostile: Readonly<Record<string, Hostile>> = {
  'a billion laughs': { text: `a0: &a0 [lol]\n${laughs}`, says: /^SLC0002 .*:[5-9]:\d+ with its aliases written out/ },
  'a billion laughs by merge keys': { text: `a0: &a0 {lol: 1}\n${mergedLaughs}`, says: /^SLC0002 .*:\d+:\d+ / },
  'an anchor that contains itself': {
    text: `${good}v: &a\n  - *a\n`,
    says: /^SLC0001 .*:8:5 the alias \*a contains itself/,
  },
  'an anchor that merges itself': {
    text: `${good}v: &a\n  <<: *a\n`,
    says: /^SLC0001 .*:8:7 the alias \*a contains itself/,
  },
  'aliases that nest deeper than text may': {
    text: `a: &a ${'['.repeat(60)}${']'.repeat(60)}\nb: ${'['.repeat(60)}*a${']'.repeat(60)}\n`,
    says: /^SLC0002 .*:2:64 lists and mappings are nested more than 100 deep/,
  },
  'lists 5,000 deep': {
    text: `${good}v: ${'['.repeat(5_000)}${']'.repeat(5_000)}\n`,
    says: /^SLC0002 .*:7:\d+ .*nested/,
  },
  'mappings 5,000 deep': { text: `${good}v: ${'{a: '.repeat(5_000)}`, says: /^SLC0002 .*:7:\d+ .*nested/ },
  'blocks as deep as fit': {
    text: nested(2_400, (i) => `${' '.repeat(i)}a:\n`),
    says: /^SLC0002 .*:10\d:\d+ .*nested/,
  },
  'list items 5,000 deep': { text: `${good}v:\n  ${'- '.repeat(5_000)}x\n`, says: /^SLC0002 .*:8:\d+ .*nested/ },
  'explicit keys 5,000 deep': { text: `${'? '.repeat(5_000)}x\n`, says: /^SLC0002 .*:1:\d+ .*nested/ },
  'colons 5,000 deep': { text: `${': '.repeat(5_000)}x\n`, says: /^SLC0002 .*:1:\d+ .*nested/ },
  'a document of 50 MB': {
    text: `${good}---\n${`- ${'x'.repeat(98)}\n`.repeat(500_000)}`,
    says: /^SLC0002 .*:7:1 the document has more/,
  },
  'one line of 50 MB': { text: 'x'.repeat(50_000_000), says: /^SLC0002 .*:1:1 the document has more/ },
  '100,000 documents': {
    text: '---\na: 1\n'.repeat(100_000),
    says: /^SLC0002 .*:131073:1 the file has more than 65536 documents/,
  },
  'duplicate keys': { text: `${good}kind: Secret\n`, says: /^SLC0001 .*:7:1 the key "kind" appears twice/ },
  'duplicate keys, quoted or not': { text: `${good}"1": a\n1: b\n`, says: /^SLC0001 .*:8:1 the key "1" appears twice/ },
  'the tag !!js/function': tag('!!js/function "() => 1"'),
  'the tag !!binary': tag('!!binary aGVsbG8='),
  'the tag !!omap': tag('!!omap [a: 1]'),
  'the tag !!pairs': tag('!!pairs [a: 1]'),
  'the tag !!set': tag('!!set {a}'),
  'the tag !!timestamp': tag('!!timestamp 2024-01-02'),
  'a tag of its own': tag('!mine 1'),
  'a tab as indentation': { text: `${good}v:\n\ta: 1\n`, says: /^SLC0001 .*:8:1 tabs are not allowed as indentation/ },
  'a NUL': { text: `${good}v: "a\0b"\n`, says: /^SLC0001 .*:7:6 the character U\+0000 is not allowed here/ },
  'UTF-16': { text: Buffer.from(good, 'utf16le').toString('latin1'), says: /^SLC0001 .*:1:2 the character U\+0000/ },
};

/** As dense as the limits allow: bounded, but not cheap. */
const dense: Readonly<Record<string, Hostile>> = {
  '3 MB of commas': { text: `[${','.repeat(3_000_000)}]`, says: /^SLC0002 .*:1:\d+ .*tokens/ },
  '3 MB of closing brackets': { text: ']'.repeat(3_000_000), says: /^SLC000[12] .*:1:\d+ / },
  '3 MB of anchors': { text: `a: ${'&a '.repeat(1_000_000)}`, says: /^SLC000[12] .*:1:\d+ / },
  '100,000 keys, the last one twice': {
    text: `${nested(100_000, (i) => `k${i}:\n`)}k0: 1\n`,
    says: /^SLC0001 .*:100001:1 the key "k0" appears twice/,
  },
};

async function refuses({ text, says }: Hostile, cpuLimit: number): Promise<void> {
  const folder = await emptyFolder();
  const path = join(folder, 'a.yaml');
  await writeFiles(folder, { 'a.yaml': good, 'b.yaml': configMap('other', 'one') });
  const { log } = await follow({ paths: [folder], timing: { settle: 0 } });
  const kept = log.object('kept');
  await writeFile(join(folder, '.next'), text);
  const before = process.cpuUsage();
  await rename(join(folder, '.next'), path);
  await log.until(({ diagnostics }) => diagnostics.length > 0);
  const { user, system } = process.cpuUsage(before);
  expect(log.said()).toEqual([expect.stringMatching(says)]);
  expect(log.said()[0]).toContain(` ${path}:`);
  expect(log.object('kept')).toBe(kept);
  expect(log.objects.size).toBe(2);
  expect((user + system) / 1000).toBeLessThan(cpuLimit);
}

describe('S-20: refused with file and line, and what was good stays', () => {
  test.each(Object.entries(hostile))('%s, in less than 1 s of CPU', (_name, input) => refuses(input, 1_000));
  test.each(Object.entries(dense))('%s, in less than 5 s of CPU', (_name, input) => refuses(input, 5_000));
});

describe('S-20', () => {
  test('a file that is larger than allowed is not read at all', async () => {
    const folder = await emptyFolder();
    await writeFiles(folder, { 'a.yaml': good });
    const { log } = await follow({ paths: [folder], timing: { settle: 0 } });
    await writeFile(join(folder, '.next'), '');
    await truncate(join(folder, '.next'), defaultLimits.fileBytes + 1);
    await rename(join(folder, '.next'), join(folder, 'a.yaml'));
    await log.until(({ diagnostics }) => diagnostics.length > 0);
    expect(log.said()).toEqual([`SLC0002 ${folder}/a.yaml:1:1 the file has 134217729 bytes; 134217728 are allowed`]);
    expect(log.value('kept')).toBe('one');
  });

  test('bytes that are not UTF-8 are refused at their place', async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, 'a.yaml'), Buffer.concat([Buffer.from('a: 1\nb: é'), Buffer.from([0xff, 0xfe])]));
    const { log } = await follow({ paths: [folder] });
    expect(log.said()).toEqual([`SLC0001 ${folder}/a.yaml:2:5 the file is not UTF-8 text`]);
  });

  test.each([
    ['a byte order mark', `\ufeff${good}`],
    ['CRLF', good.replaceAll('\n', '\r\n').concat('---\r\n# nothing\r\n')],
  ])('%s is fine', (_name, text) => {
    const { objects, findings } = parseText(text, nothingKnown, defaultLimits);
    expect(findings).toEqual([]);
    const [object] = objects.values();
    expect(object).toMatchObject({ line: 1, column: 1, json: { kind: 'ConfigMap', data: { value: 'one' } } });
  });

  test('CRLF in a literal becomes LF, as everywhere in YAML', () => {
    const { objects } = parseText(`${good}more: |\n  a\n  b\n`.replaceAll('\n', '\r\n'), nothingKnown, defaultLimits);
    expect([...objects.values()][0]?.json['more']).toBe('a\nb\n');
  });
});

describe('S-21', () => {
  const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
  const ownKeys = () => prototypes.map((each) => Reflect.ownKeys(each));
  const before = ownKeys();
  afterEach(() => expect(ownKeys()).toEqual(before));

  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'];
  const withKey = (key: string) =>
    `${good}metadataOfMine:\n  labels: {${key}: {polluted: yes}}\n${key}: {polluted: yes}\nmerged: {<<: {${key}: {polluted: yes}}}\n`;

  test.each(names)('the key %s is a field like any other', async (key) => {
    const log = new ReportLog();
    const source = new MemorySource();
    source.apply(withKey(key));
    await source.start(log.take);
    expect(log.said()).toEqual([]);
    const { json } = log.object('kept');
    expect(Object.getPrototypeOf(json)).toBe(Object.prototype);
    for (const [at, value] of Object.entries({ root: json, labels: json['metadataOfMine'], merged: json['merged'] })) {
      const holder = at === 'labels' ? Object.entries(value ?? {})[0]?.[1] : value;
      expect(Object.getOwnPropertyDescriptor(holder, key)?.value).toEqual({ polluted: true });
      expect(Object.getPrototypeOf(holder)).toBe(Object.prototype);
    }
    expect(log.object('kept').locate([key, 'polluted'])).toMatchObject({ line: 9, column: key.length + 4 });
    expect('polluted' in {}).toBe(false);
  });

  test.each(names)('an object whose kind, name or version is %s changes no prototype', (key) => {
    const text = `apiVersion: ${key}\nkind: ${key}\nmetadata: {name: ${key}, namespace: ${key}, ${key}: 1}\n${key}: 1\n`;
    expect(() => parseText(text, nothingKnown, defaultLimits)).not.toThrow();
    expect(() =>
      parseText(`kind: ${key}List\n${key}: {}\nitems: [{${key}: {}}]\n`, nothingKnown, defaultLimits),
    ).not.toThrow();
  });
});

const morsels = [
  ...[
    'a',
    'b: ',
    ': ',
    '- ',
    '? ',
    '\n',
    '\n  ',
    '\n    ',
    ' ',
    '\t',
    '#',
    ' #',
    '"',
    "'",
    '|',
    '>',
    '|2-\n',
    '[',
    ']',
    '{',
    '}',
    ',',
  ],
  ...[
    '&a ',
    '*a',
    '*a ',
    '<<: ',
    '!!str ',
    '!x ',
    '!<',
    '---',
    '--- ',
    '...',
    '%YAML 1.2\n',
    '%TAG ! x\n',
    '\r\n',
    '\\',
    '\ufeff',
    '\0',
    '0',
  ],
  ...['apiVersion: v1\n', 'kind: List\n', 'kind: A\n', 'metadata: {name: a}\n', 'items:\n', '__proto__: '],
];

test('no text at all makes the reader fail, and every finding has a place in the text', () => {
  const text = fc.array(fc.constantFrom(...morsels), { maxLength: 40 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (input) => {
      const { findings, objects } = parseText(input, nothingKnown, {
        ...defaultLimits,
        depth: 8,
        tokensPerDocument: 60,
      });
      for (const { code, line, column } of [
        ...findings,
        ...objects.values().map((found) => ({ ...found, code: '' })),
      ]) {
        expect(code).not.toBe('SLC0502');
        expect(column).toBeGreaterThan(0);
        expect((input.split('\n')[line - 1]?.length ?? -1) + 1).toBeGreaterThanOrEqual(column - 1);
      }
    }),
    { numRuns: 5_000 },
  );
});
