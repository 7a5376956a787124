// YAML for terminals: what could steer one is escaped, and nothing else changes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatYaml } from '../../src/cli/format-yaml.ts';
import { escapes, steering } from './hostile-server.ts';

test.each([
  ['a text', escapes],
  ['a key', { [escapes]: 1 }],
  ['a plain text with one such character', ['a\u202eb', 'a\x9bb']],
])('%s that could steer a terminal is escaped', (_, value) => {
  expect(formatYaml(value)).not.toMatch(steering);
  expect(parse(formatYaml(value))).toEqual(value);
});

test('whatever is printed reads back as the same', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1, unit: 'binary-ascii' }), fc.string({ unit: 'binary' })),
      (value) => {
        const text = formatYaml({ ...value });
        expect(parse(text)).toEqual({ ...value });
        expect(text).not.toMatch(steering);
      },
    ),
  );
});
