// Asterisks stand for anything, everything else for itself.
import { expect, test } from 'vitest';
import { matchesGlob } from '../../src/lib/glob.ts';

test.each([
  ['*', '', true],
  ['*', 'anything', true],
  ['reviews', 'reviews', true],
  ['reviews', 'reviews.shop', false],
  ['reviews.*', 'reviews.shop', true],
  ['*.shop', 'reviews.shop', true],
  ['*.shop', 'reviews.shop.old', false],
  ['SLC06*', 'SLC0602', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*bc*c', 'abc', false],
  ['a.c', 'abc', false],
  ['**', 'x', true],
])('%s and %s: %s', (pattern, text, expected) => expect(matchesGlob(pattern, text)).toBe(expected));

test('many asterisks take no time', () => {
  expect(matchesGlob(`${'*a'.repeat(5000)}b`, 'a'.repeat(20_000))).toBe(false);
});
