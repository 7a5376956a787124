// The log: pino's JSON lines, or the same as text for a person at a terminal.
import pino from 'pino';
import { describePlace, type Place } from '../diagnostics.ts';
import { printable, styled } from '../terminal.ts';
import type { LogFormat, LogLevel } from './log-options.ts';

export type Log = pino.Logger;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** So many characters may wait for a reader that is slow or gone; what comes on top is lost. */
const longestQueue = 4 * 1024 * 1024;

/** A log on standard error. Whoever does not read it cannot stop the control plane. */
export function createLog({ level, format }: LogOptions): Log {
  const write = (line: string): void => {
    if (process.stderr.writableLength < longestQueue)
      process.stderr.write(format === 'json' ? visible(line) : textLine(line));
  };
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, { write });
}

/**
 * The same JSON without a character that steers a terminal or a reader of lines: those that JSON lets stand (0x7f to 0x9f,
 * separators of lines, turns of direction) are escaped as well.
 */
function visible(line: string): string {
  return line.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

const colours: Readonly<Record<string, Parameters<typeof styled>[0]>> = {
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};

/** A JSON line for a person: `12:00:00.000 info  message  key=value …`, or a diagnostic as all commands print it. */
function textLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const severity = styled(colours[String(level)] ?? 'reset', String(level).padEnd(5), process.stderr);
  return `${String(time).slice(11, 23)} ${severity} ${'code' in fields ? diagnosticText(msg, fields) : plainText(msg, fields)}\n`;
}

function plainText(message: unknown, fields: Readonly<Record<string, unknown>>): string {
  const rest = Object.entries(fields).map(
    ([key, value]) => `${styled('dim', `${key}=`, process.stderr)}${text(value)}`,
  );
  return [text(message), ...rest].join('  ');
}

function diagnosticText(message: unknown, fields: Readonly<Record<string, unknown>>): string {
  return `${describePlace(fields as unknown as Place)}\n    ${text(message)}`;
}

function text(value: unknown): string {
  if (typeof value === 'string') return printable(value);
  const stack = typeof value === 'object' && value !== null && 'stack' in value ? value.stack : undefined;
  return typeof stack === 'string'
    ? `\n${stack.split('\n').map(printable).join('\n')}`
    : printable(JSON.stringify(value));
}
