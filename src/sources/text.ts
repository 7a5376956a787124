// A text that is no file, such as what came from standard input, as a source; it never changes.
import { sortDiagnostics } from './diagnostic-order.ts';
import { defaultLimits, type SourceLimits } from './limits.ts';
import { type FileVersion, ObjectTable } from './object-table.ts';
import type { Source } from './source.ts';
import { type Known, parseText } from './yaml.ts';

export interface NamedText {
  /** What locations give as the file: `stdin`. */
  readonly name: string;
  readonly text: string;
}

/** A text in the form in which files go into an object table. */
export function textVersion({ name, text }: NamedText, known: Known, limits: SourceLimits): FileVersion {
  return { kind: 'file', name, parsed: parseText(text, known, limits), text: () => text };
}

/** A source of the objects in a text. It reports once. Documents with errors are left out, and reported. */
export function textSource(name: string, text: string, limits: SourceLimits = defaultLimits): Source {
  return {
    start: async (onReport) => {
      const table = new ObjectTable(limits);
      const changes = table.apply([textVersion({ name, text }, table.known(name), limits)]);
      onReport({ changes, diagnostics: sortDiagnostics(table.diagnostics()) });
    },
    close: async () => {},
  };
}
