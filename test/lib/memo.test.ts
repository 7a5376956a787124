// What is remembered of pure functions.
import { expect, test } from 'vitest';
import { memo } from '../../src/lib/memo.ts';

interface Word {
  readonly text: string;
}

test('what a callback is passed beyond the parameters that the function names does not count', () => {
  const computed: Word[] = [];
  const letters = memo((word: Word): readonly string[] => {
    computed.push(word);
    return word.text.split('');
  });
  const words = [{ text: 'ab' }, { text: 'c' }];
  expect(words.flatMap(letters)).toEqual(['a', 'b', 'c']);
  expect(words.map((word) => letters(word))).toEqual([['a', 'b'], ['c']]);
  expect(words.flatMap(letters)).toEqual(['a', 'b', 'c']);
  expect(computed).toEqual(words);
});

test('a function that names no parameter cannot be remembered', () => {
  expect(() => memo((...words: readonly Word[]) => words.length)).toThrow('names no parameter');
});
