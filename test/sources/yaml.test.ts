// What YAML text means: scalars as kubectl reads them, aliases, errors and their places, objects and who they are.
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../src/lib/json.ts';
import { composeDocument } from '../../src/lib/yaml/document.ts';
import { yamlValue } from '../../src/lib/yaml/value.ts';
import { defaultLimits } from '../../src/sources/limits.ts';
import { nothingKnown, type ParsedFile, parseText } from '../../src/sources/yaml.ts';

function parse(text: string, known = nothingKnown): ParsedFile {
  return parseText(text, known, defaultLimits);
}

/** The value of a text with one document; its problem as text if it is refused. */
function read(text: string): JsonValue {
  const composed = composeDocument(text, defaultLimits);
  if (composed.kind === 'empty') return null;
  const result = composed.kind === 'problem' ? composed : yamlValue(composed.document.contents, defaultLimits);
  return result.kind === 'value' ? result.value : `${result.problem.code}: ${result.problem.message}`;
}

function said(file: ParsedFile): readonly string[] {
  return file.findings.map(({ code, line, column, message }) => `${code} ${line}:${column} ${message}`);
}

const scalars = [
  ['yes', true],
  ['On', true],
  ['y', true],
  ['NO', false],
  ['off', false],
  ['yES', 'yES'],
  ['~', null],
  ['', null],
  ['Null', null],
  ['012', 10],
  ['-012', -10],
  ['0o17', 15],
  ['08', 8],
  ['0x1F', 31],
  ['0b101', 5],
  ['1_000', 1000],
  ['+7', 7],
  ['-0', 0],
  ['.5', 0.5],
  ['1.', 1],
  ['1e3', 1000],
  ['6.02E-2', 0.0602],
  ['1.2.3', '1.2.3'],
  ['10.0.0.1', '10.0.0.1'],
  ['.', '.'],
  ['e5', 'e5'],
  ['0b_', '0b_'],
  ['_1', '_1'],
  ['1:30', '1:30'],
  ['2024-01-02', '2024-01-02'],
  ['2024-01-02T03:04:05Z', '2024-01-02T03:04:05Z'],
  ['"yes"', 'yes'],
  ["'012'", '012'],
  ['!!str 012', '012'],
  ['!!int "7"', 7],
  ['! yes', 'yes'],
] as const;

describe('scalars', () => {
  test.each(scalars)('%s is read as kubectl reads it', (text, value) => {
    expect(read(`- ${text}`)).toEqual([value]);
  });

  test.each(['.inf', '-.Inf', '.nan', '1e400'])('%s is refused: JSON has no such number', (text) => {
    expect(read(`- ${text}`)).toContain('SLC0001');
  });

  test('keys are text, whatever they look like', () => {
    expect(read('yes: 1\n012: 2\nnull: 3\n1.0: 4')).toEqual({ yes: 1, '012': 2, null: 3, '1.0': 4 });
  });
});

describe('aliases and merge keys', () => {
  test('are written out, and a field of its own wins over a merged one', () => {
    const text = 'base: &b {a: 1, b: 2}\none: {<<: *b, b: 3}\ntwo: {c: 4, <<: [{b: 5}, *b]}\nthree: *b\n"<<": 6\n';
    expect(read(text)).toEqual({
      base: { a: 1, b: 2 },
      one: { a: 1, b: 3 },
      two: { a: 1, b: 5, c: 4 },
      three: { a: 1, b: 2 },
      '<<': 6,
    });
  });

  test('mean the last anchor before them', () => {
    expect(read('[&a 1, *a, &a 2, *a]')).toEqual([1, 1, 2, 2]);
  });

  test.each([
    ['[*a, &a 1]', 'SLC0001: the alias *a has no anchor before it'],
    ['a: {<<: 1}', 'SLC0001: the merge key << needs a mapping or a list of mappings'],
    ['a: {<<: [{}, 1]}', 'SLC0001: the merge key << needs a mapping or a list of mappings'],
    ['a: {<<: {}, <<: {}}', 'SLC0001: the key "<<" appears twice'],
    ['&a x: 1\n*a : 2', 'SLC0001: a key must be a word, not a list, a mapping or an alias'],
  ])('%s is refused', (text, problem) => {
    expect(read(text)).toBe(problem);
  });
});

const wrongYaml = [
  ['a: b: c', 1, 4, 'a second mapping on the same line; quote the value, or begin a new line'],
  ['a: 1\nword\nb: 2', 2, 1, 'text without a colon; a key must end with ":" on its own line'],
  ['a: @x', 1, 4, 'plain value cannot start with reserved character @'],
  ['a:\n  - b\n c: 1', 3, 1, 'all mapping items must start at the same column'],
  ['a: "b\nc: d', 2, 5, 'missing closing "quote'],
  ['a: 1\nb: {c: 2, c: 3}', 2, 11, 'the key "c" appears twice'],
  ['%FOO\n---\na: 1', 1, 1, 'unknown directive %FOO'],
  ['a: "\\ud83d"', 1, 4, 'the text contains one half of a surrogate pair'],
  ['a: 1\rb: 2', 1, 5, 'the character U+000D is not allowed here'],
  ['# a\n---\nb: \u0007', 3, 4, 'the character U+0007 is not allowed here'],
  ['a: 1\n\ufeffb: 2', 2, 1, 'the character U+FEFF is not allowed here'],
] as const;

const noObjects = [
  ['- a', 1, 1, 'not an object: apiVersion, kind and metadata are expected'],
  ['kind: A', 1, 1, 'apiVersion is missing'],
  ['apiVersion: 1\nkind: A', 1, 1, 'apiVersion must be text, and YAML reads it as 1: quote it'],
  ['apiVersion: a/b/c\nkind: A', 1, 1, '"a/b/c" is not a group and a version'],
  ['apiVersion: v1\nkind: a b', 2, 1, '"a b" is not the name of a kind'],
  ['apiVersion: v1\nkind: A\nmetadata: []', 3, 1, 'metadata must be a mapping'],
  [
    'apiVersion: v1\nkind: A\nmetadata: {name: no}',
    3,
    12,
    'metadata.name must be text, and YAML reads it as false: quote it',
  ],
  ['apiVersion: v1\nkind: A\nmetadata:\n  name: a/b', 4, 3, '"a/b" is not a name that Kubernetes accepts'],
  [
    'apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: A}',
    3,
    21,
    'metadata.namespace is not a name that Kubernetes accepts',
  ],
  ['apiVersion: v1\nkind: List\nitems:\n- {}\n', 4, 3, 'apiVersion is missing'],
] as const;

describe('errors', () => {
  test.each(wrongYaml)('%j is refused at its line and column', (text, line, column, message) => {
    expect(said(parse(text))[0]).toBe(`SLC0001 ${line}:${column} ${message}`);
  });

  test.each(noObjects)('%j is no object', (text, line, column, message) => {
    expect(said(parse(text))[0]).toBe(`SLC0004 ${line}:${column} ${message}`);
  });

  test('names of roles may be path segments, as in Kubernetes', () => {
    const { objects, findings } = parse(
      'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "system:node"}',
    );
    expect([...objects.keys()]).toEqual(['rbac.authorization.k8s.io/ClusterRole//system:node']);
    expect(findings).toEqual([]);
  });
});
