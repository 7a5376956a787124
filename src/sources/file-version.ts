// One file at one moment: read, and parsed if its content is new.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SourceLimits } from './limits.ts';
import { decodeText, type FileReading, type Fingerprint, readWhole } from './read-file.ts';
import { brokenFile, digestOf, type Known, type ParsedFile, parseSteps } from './yaml.ts';

export type Version =
  | { readonly kind: 'version'; readonly fingerprint: Fingerprint; readonly racy: boolean; readonly content: Content }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** What a file says. Content that is held already, by its digest, is not parsed again. */
export interface Content {
  readonly digest: string;
  readonly parsed: ParsedFile | 'held';
}

export interface VersionRequest {
  readonly path: string;
  readonly limits: SourceLimits;
  readonly known: Known;
  readonly holds: (digest: string) => boolean;
}

/** The coarsest clock of file systems in use, in milliseconds: a file changed later than that may change unseen. */
const clockStep = 50;
/** How long parsing may keep everything else waiting, in milliseconds; one document is parsed in one go. */
const longestTurn = 10;

/** Reads a file. Whatever is wrong with it is in the result. */
export async function readVersion({ path, limits, known, holds }: VersionRequest): Promise<Version> {
  const now = Date.now();
  const reading = await readWhole(path, limits);
  if (reading.kind === 'gone' || reading.kind === 'unreadable') return reading;
  const { fingerprint } = reading;
  const digest = reading.kind === 'bytes' ? digestOf(reading.bytes) : 'too large';
  const parsed = holds(digest) ? 'held' : await parse(reading, known, limits);
  const racy = now - fingerprint.modified < clockStep;
  return { kind: 'version', fingerprint, racy, content: { digest, parsed } };
}

type Readable = Extract<FileReading, { readonly kind: 'bytes' | 'too-large' }>;

async function parse(reading: Readable, known: Known, limits: SourceLimits): Promise<ParsedFile> {
  if (reading.kind === 'too-large') {
    const message = `the file has ${reading.fingerprint.size} bytes; ${limits.fileBytes} are allowed`;
    return brokenFile({ code: 'SLC0002', line: 1, column: 1, message });
  }
  const text = decodeText(reading.bytes);
  return typeof text === 'string' ? parseInTurns(text, known, limits) : text;
}

async function parseInTurns(text: string, known: Known, limits: SourceLimits): Promise<ParsedFile> {
  const steps = parseSteps(text, known, limits);
  let begun = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - begun < longestTurn) continue;
    await nextTurn();
    begun = performance.now();
  }
}
