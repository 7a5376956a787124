// A stream of documents: where one ends and the next begins, and that each can be read alone.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { composeDocument } from '../../src/lib/yaml/document.ts';
import { kubectlSchema } from '../../src/lib/yaml/schema.ts';
import { yamlValue } from '../../src/lib/yaml/value.ts';
import { defaultLimits } from '../../src/sources/limits.ts';
import { nothingKnown, type ParsedFile, parseText } from '../../src/sources/yaml.ts';
import { splitDocuments } from '../../src/sources/yaml-split.ts';

function parse(text: string, known = nothingKnown): ParsedFile {
  return parseText(text, known, defaultLimits);
}

const object = (name: string, rest = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${rest}`;

describe('documents', () => {
  test('that are empty or only comments are skipped', () => {
    const { objects, findings } = parse(`# a\n---\n---\n# b\n---\n${object('one')}---\n...\n# c\n`);
    expect(objects.size).toBe(1);
    expect(findings).toEqual([]);
  });

  test('end at a marker in the first column, wherever it stands', () => {
    const { objects, findings } = parse(`${object('one', 'data: {v: "x\n---\ny"}')}`);
    expect(objects.size).toBe(0);
    expect(findings.length).toBe(2);
  });

  test('may stand on the line of their marker, and have directives', () => {
    const text = `%YAML 1.1\n--- # first\n${object('one')}...\n# between\n%YAML 1.2\n---\n${object('two')}--- {apiVersion: v1, kind: A, metadata: {name: three}}\n`;
    expect(parse(text).objects.size).toBe(3);
  });

  test('JSON is YAML, also with tabs', () => {
    const json = JSON.stringify(
      { apiVersion: 'v1', kind: 'A', metadata: { name: 'a' }, data: { v: '😀\n"\\/' } },
      null,
      '\t',
    );
    const { objects, findings } = parse(json);
    expect(findings).toEqual([]);
    expect([...objects.values()][0]?.json['data']).toEqual({ v: '😀\n"\\/' });
  });
});

describe('documents', () => {
  test('are parsed only when their text is new', () => {
    const first = parse(`${object('one')}---\n${object('two')}`);
    const asked: string[] = [];
    const document = (digest: string) => {
      const held = first.documents.get(digest);
      asked.push(held === undefined ? 'new' : 'held');
      return held;
    };
    const second = parse(`# moved\n---\n${object('new')}---\n${object('two')}`, { ...nothingKnown, document });
    expect(asked).toEqual(['new', 'held']);
    const [before, after] = [first, second].map(({ objects }) =>
      objects.values().find(({ id }) => id.endsWith('/two')),
    );
    expect(after?.json).toBe(before?.json);
    expect([before?.line, after?.line]).toEqual([5, 7]);
  });

  test('the items of a typed list need not repeat what they are', () => {
    const { objects } = parse('apiVersion: v1\nkind: ServiceList\nitems: [{metadata: {name: a}}]');
    expect(objects.get([...objects.keys()][0] ?? ('' as never))?.json).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
    });
  });

  test('an object that is called a list and has a name is no list', () => {
    expect(parse('apiVersion: a/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [1]').objects.size).toBe(1);
  });
});

const value = fc.oneof(
  fc.constantFrom(
    'yes',
    '012',
    '1.5',
    '',
    '~',
    '"---"',
    "'a: b'",
    '"x\\n---\\ny"',
    '2024-01-01',
    '#x',
    'a #b',
    '[]',
    '{}',
  ),
  fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text)),
);

const forms: Readonly<Record<string, (values: readonly string[]) => string>> = {
  block: (values) => values.map((each, index) => `k${index}: ${each}\n`).join(''),
  flow: (values) => `[${values.filter((each) => !each.includes('#')).join(', ')}]\n`,
  literal: (values) => `a: |\n  ---\n  ...\nb: ${values.length}\n`,
  quoted: (values) => `"${values.length}\n  ---\n ..."\n`,
  none: () => '',
};

const document = fc
  .tuple(
    fc.constantFrom('', '# c\n', '\n', ' # ---\n'),
    fc.constantFrom(...Object.values(forms)),
    fc.array(value, { maxLength: 4 }),
  )
  .map(([before, form, values]) => before + form(values));

const separator = fc.constantFrom(
  ...['---\n', '--- # c\n', '---   \n', '---\r\n'],
  ...['...\n---\n', '... # end\n# c\n---\n', '...\n%YAML 1.1\n---\n'],
);

/** All documents of a stream as the library reads it in one go. */
function readWhole(text: string): readonly unknown[] {
  const options = { version: '1.1', schema: kubectlSchema, stringKeys: true } as const;
  return [...parseAllDocuments(text, options)].map(({ errors, contents }) =>
    errors.length > 0 ? 'error' : yamlValue(contents, defaultLimits),
  );
}

function readAlone(text: string): unknown {
  const composed = composeDocument(text, defaultLimits);
  if (composed.kind === 'document') return yamlValue(composed.document.contents, defaultLimits);
  return composed.kind === 'problem' ? 'error' : { kind: 'value', value: null };
}

const lineOf = fc.constantFrom('---', '...', '--- a', '---a', '%D', '# c', '', ' ', 'x');
const isNothing = (read: unknown) => JSON.stringify(read) === '{"kind":"value","value":null}';

describe('splitting', () => {
  test('and parsing the documents one by one is the same as parsing the stream as a whole', () => {
    const stream = fc.tuple(fc.array(fc.tuple(document, separator), { maxLength: 6 }), document);
    fc.assert(
      fc.property(stream, ([parts, last]) => {
        const text = `${parts.map((part) => part.join('')).join('')}${last}`;
        const alone = [...splitDocuments(text)].map((part) => readAlone(part.text));
        expect(alone.filter((read) => !isNothing(read))).toEqual(readWhole(text).filter((read) => !isNothing(read)));
      }),
      { numRuns: 500 },
    );
  });

  test('gives every line of the stream to at most one document, in order, with its number', () => {
    fc.assert(
      fc.property(fc.array(lineOf, { maxLength: 20 }), (lines) => {
        for (const { text, line } of splitDocuments(lines.join('\n'))) {
          const own = text.replace(/\n$/, '').split('\n');
          expect(own).toEqual(lines.slice(line - 1, line - 1 + own.length));
        }
      }),
    );
  });
});
