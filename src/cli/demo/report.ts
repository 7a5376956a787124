// How the demo looks: plain lines of at most 100 columns, coloured only on a terminal.
import { displayWidth, printable, styled, table } from '../terminal.ts';
import type { FileChange } from './working-copy.ts';

export interface Row {
  readonly who: string;
  readonly answers: number;
  /** How many different keys it served; undefined where requests carry none. */
  readonly keys?: number;
  readonly note?: string;
}

export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

const longestBar = 30;
/** Between the columns of a table. */
const betweenColumns = 3;

/** Who answered how often, with bars that fit into so many columns; the one with the most answers has the longest. */
export function formatRows(rows: readonly Row[], columns = 100): string {
  const lines = withBars(rows, 0).split('\n');
  const room = columns - Math.max(...lines.map(displayWidth)) - betweenColumns;
  return withBars(rows, Math.max(0, Math.min(longestBar, room)));
}

function withBars(rows: readonly Row[], barWidth: number): string {
  const total = rows.reduce((sum, { answers }) => sum + answers, 0);
  const most = Math.max(1, ...rows.map(({ answers }) => answers));
  const withKeys = rows.some(({ keys }) => keys !== undefined);
  const cells = rows.map(({ who, answers, keys, note }) => [
    who,
    ...(withKeys ? [String(keys ?? 0).padStart(4)] : []),
    String(answers).padStart(7),
    `${((100 * answers) / Math.max(1, total)).toFixed(1).padStart(5)} %`,
    `${'█'.repeat(Math.round((barWidth * answers) / most))}${note === undefined ? '' : ` ${note}`}` || ' ',
  ]);
  return indent(table(['WHO', ...(withKeys ? ['KEYS'] : []), 'ANSWERS', 'SHARE', ''], cells));
}

/** The lines of a YAML file that were changed. */
export function formatChange({ file, lines }: FileChange, out: NodeJS.WriteStream): string {
  const styles = { ' ': 'dim', '-': 'red', '+': 'green' } as const;
  const shown = lines.map(({ mark, number, text }) =>
    styled(styles[mark], `${String(number).padStart(4)} ${mark} ${printable(text)}`, out),
  );
  return indent(`${[styled('dim', printable(file), out), ...shown].join('\n')}\n`);
}

export function formatHeading(text: string, out: NodeJS.WriteStream): string {
  return `\n${styled('bold', text, out)}\n\n`;
}

export function formatVerdict({ ok, text }: Verdict, out: NodeJS.WriteStream): string {
  return indent(`${ok ? styled('green', '✓', out) : styled('red', '✗', out)} ${text}\n`);
}

export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '   ');
}
