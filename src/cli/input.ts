// What `-f` names, read once: the objects, what is to be said about them, and the lines that diagnostics show.
import { access } from 'node:fs/promises';
import { type Diagnostic, diagnoseFile } from '../model/diagnostic.ts';
import type { DiagnosticCode } from '../model/diagnostic-codes.ts';
import type { ObjectSet } from '../model/object.ts';
import { readOnce } from '../sources/files.ts';
import { defaultLimits } from '../sources/limits.ts';
import { readTextNow } from '../sources/read-file.ts';
import { scan } from '../sources/scan.ts';
import type { NamedText } from '../sources/text.ts';
import { UsageError } from './command.ts';
import type { Finding } from './diagnostics.ts';
import { printable } from './terminal.ts';

export interface Input {
  readonly objects: ObjectSet;
  readonly diagnostics: readonly Diagnostic[];
  /** The line that a finding is about; undefined where there is none to show. */
  readonly lineOf: (finding: Finding) => string | undefined;
}

/** What diagnostics give as the file of what came from standard input. */
const stdin = 'stdin';

/** Reads files, folders and `-`, standard input. Throws UsageError for a path that does not exist. */
export async function readInput(paths: readonly string[]): Promise<Input> {
  await requirePaths(paths);
  const texts: readonly NamedText[] = paths.includes('-') ? [{ name: stdin, text: await readStdin() }] : [];
  const read = await readOnce(
    paths.filter((path) => path !== '-'),
    { texts },
  );
  if (read.objects.size + read.diagnostics.length === 0) {
    process.stderr.write(`sluice: there is no object in ${paths.map(printable).join(', ')} (*.yaml, *.yml, *.json)\n`);
  }
  return { ...read, lineOf: lineLookup(texts) };
}

/** Throws UsageError for a path that does not exist or cannot be looked at. */
export async function requirePaths(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (path === '-') continue;
    if (path === '') throw new UsageError('a path is empty: name a file or a folder');
    await access(path).catch((error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'ENOENT' ? `there is no file or folder ${path}` : `cannot read ${path}: ${error.message}`;
      throw new UsageError(reason);
    });
  }
}

/** The texts of files, folders and `-`, in the order in which they are named. Throws UsageError for a path that does not exist. */
export async function readTexts(
  paths: readonly string[],
): Promise<{ readonly texts: readonly NamedText[]; readonly diagnostics: readonly Diagnostic[] }> {
  await requirePaths(paths);
  const texts: NamedText[] = [];
  const diagnostics: Diagnostic[] = [];
  const unreadable = (name: string, code: DiagnosticCode, message: string): void => {
    diagnostics.push(diagnoseFile(code, { file: name, line: 1, column: 1 }, message));
  };
  for (const path of paths) {
    if (path === '-') texts.push({ name: stdin, text: await readStdin() });
    else {
      const { files, troubles } = await scan([path], defaultLimits);
      for (const { name, code, message } of troubles) unreadable(name, code, message);
      for (const { name, path: file } of files) {
        const text = readTextNow(file, defaultLimits);
        if (text === null) unreadable(name, 'SLC0006', 'the file cannot be read, or is too large');
        else texts.push({ name, text });
      }
    }
  }
  return { texts, diagnostics };
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > defaultLimits.fileBytes) {
      throw new UsageError(`standard input has more than ${defaultLimits.fileBytes} bytes: split it`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Line by line, what is in the files; of files with a Secret no line is shown that may be part of it. */
export function lineLookup(texts: readonly NamedText[]): Input['lineOf'] {
  const files = new Map<string, FileLines>();
  for (const { name, text } of texts) files.set(name, fileLines(text));
  return ({ file, line, object }) => {
    if (file === null || line === null) return undefined;
    const known = files.get(file) ?? fileLines(readTextNow(file, defaultLimits) ?? '');
    files.set(file, known);
    const secret = object === null ? known.secret : object.kind === 'Secret';
    return secret ? '[redacted]' : known.lines[line - 1];
  };
}

interface FileLines {
  readonly lines: readonly string[];
  readonly secret: boolean;
}

function fileLines(text: string): FileLines {
  return { lines: text.split(/\r?\n/), secret: /\bkind["']?\s*:\s*["']?Secret\b/.test(text) };
}
