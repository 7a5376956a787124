// What a terminal needs to know and must not be told: colours, widths, and text that comes from outside.
import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Text in a style, where the stream is a terminal that wants colours (NO_COLOR, FORCE_COLOR and TERM count). */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return styleText(style, text, { stream });
}

/**
 * Text from outside, safe to print: characters that steer a terminal or turn the direction of text are replaced, one
 * for one, so that columns still fit.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/u;

/** How many columns of a terminal the text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += wide.test(character) ? 2 : 1;
  return width;
}

/** Rows under upper-case headings, columns aligned and three spaces apart, as kubectl prints them. Ends with a newline. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows.map((row) => row.map((cell) => (cell === '' ? '-' : printable(cell))))];
  // Not Math.max(...): there may be more rows than a call takes arguments.
  const widths = headings.map((_, column) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[column] ?? '')), 0),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell) + 3)).join('');
  return cells.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/**
 * Readers may go away: without one for its data, as in `sluice translate … | head`, the process ends quietly; without
 * one for anything else it goes on. Where its data cannot be written for another reason, a full disk, it says so.
 */
export function tolerateLostOutput({ stdout, stderr }: NodeJS.Process): void {
  stderr.on('error', () => {});
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit();
    stderr.write(`sluice: cannot write to standard output: ${message}\n`);
    process.exit(2);
  });
}
