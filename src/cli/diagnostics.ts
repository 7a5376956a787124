// Diagnostics as commands show them: where each stands, as text with the line shown, or as JSON.
import { byText } from '../lib/sorted.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { diagnosticCodes, type Severity } from '../model/diagnostic-codes.ts';
import { describePath, type ObjectSet, objectName } from '../model/object.ts';
import { displayWidth, printable, styled } from './terminal.ts';

/** What a diagnostic is about, and where that stands. */
export interface Place {
  readonly code: string;
  readonly object: { readonly kind: string; readonly namespace: string; readonly name: string } | null;
  readonly path: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** A diagnostic with its place. In JSON just as it is here. */
export interface Finding extends Place {
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
}

/** The diagnostics with their lines looked up, each once, sorted by file and line; those without a file come last. */
export function locateDiagnostics(diagnostics: Iterable<Diagnostic>, objects: ObjectSet): readonly Finding[] {
  const found = new Map<string, Finding>();
  // Those of one object together, for its text is parsed again when a line of it is asked for.
  for (const diagnostic of [...Map.groupBy(diagnostics, ({ object }) => object).values()].flat()) {
    const finding = locateDiagnostic(diagnostic, objects);
    found.set(JSON.stringify(finding), finding);
  }
  return [...found.values()].sort(byPlace);
}

/** One diagnostic with its line looked up. */
export function locateDiagnostic(diagnostic: Diagnostic, objects: ObjectSet): Finding {
  const { code, severity, message, object, path } = diagnostic;
  const known = object === null ? undefined : objects.get(object);
  const place = diagnostic.location ?? known?.locate(path) ?? null;
  const name = object === null ? null : objectName(object);
  return {
    code,
    severity,
    message,
    fix: diagnosticCodes[code].fix,
    object: name && { kind: name.kind, namespace: name.namespace, name: name.name },
    path: describePath(path),
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
  };
}

function byPlace(a: Finding, b: Finding): number {
  if ((a.file === null) !== (b.file === null)) return a.file === null ? 1 : -1;
  return (
    byText(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    byText(describePlace(a), describePlace(b)) ||
    byText(a.message, b.message)
  );
}

const colours = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** `CODE file:line:column  Kind namespace/name  path`; what is not known is left out. */
export function describePlace({ code, file, line, column, object, path }: Place): string {
  const place = file === null ? [] : [line === null ? file : `${file}:${line}:${column}`];
  const name = object && (object.namespace === '' ? object.name : `${object.namespace}/${object.name}`);
  const parts = [...place, ...(object === null ? [] : [`${object.kind} ${name}`]), ...(path === '' ? [] : [path])];
  return printable(`${code} ${parts.join('  ')}`);
}

/** The text of findings, each with its message and, where `lineOf` gives it, the line at fault and a caret under it. */
export function formatFindings(
  findings: readonly Finding[],
  lineOf: (finding: Finding) => string | undefined,
  stream: NodeJS.WriteStream,
): string {
  return findings.map((finding) => formatFinding(finding, lineOf(finding), stream)).join('');
}

function formatFinding(finding: Finding, source: string | undefined, stream: NodeJS.WriteStream): string {
  const severity = styled(['bold', colours[finding.severity]], finding.severity, stream);
  const message = finding.message
    .trimEnd()
    .split('\n')
    .map((line) => `    ${printable(line)}\n`);
  return [`${severity} ${describePlace(finding)}\n`, ...message, ...excerpt(finding, source, stream)].join('');
}

/** So much of a line is shown around the column at fault. */
const shown = 100;

function excerpt({ line, column }: Finding, source: string | undefined, stream: NodeJS.WriteStream): string[] {
  if (source === undefined || line === null || column === null) return [];
  const start = column > shown ? column - shown / 2 : 0;
  const text = printable(source.slice(start, start + shown).replaceAll('\t', ' '));
  const gutter = `    ${line} | `;
  const indent = ' '.repeat(displayWidth(text.slice(0, column - 1 - start)));
  const blank = `${' '.repeat(gutter.length - 2)}| `;
  return [
    `${styled('dim', gutter, stream)}${text.trimEnd()}\n`,
    `${styled('dim', blank, stream)}${indent}${styled('red', '^', stream)}\n`,
  ];
}

/** `2 errors, 1 warning`; empty if there is nothing to say. */
export function countFindings(findings: readonly Finding[]): string {
  const count = (severity: Severity, word: string, words: string): string[] => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [`${number} ${number === 1 ? word : words}`];
  };
  return [
    ...count('error', 'error', 'errors'),
    ...count('warning', 'warning', 'warnings'),
    ...count('info', 'info', 'info'),
  ].join(', ');
}

/** 1 where there are errors; with `strict`, where there are warnings. */
export function statusOfFindings(findings: readonly Finding[], strict: boolean): 0 | 1 {
  return findings.some(({ severity }) => severity === 'error' || (strict && severity === 'warning')) ? 1 : 0;
}
