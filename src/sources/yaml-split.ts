// Cuts a YAML stream into its documents, so that each is parsed alone and only when its text has changed.

export interface DocumentText {
  readonly text: string;
  /** Line of the file on which it begins; from 1. */
  readonly line: number;
}

type LineKind = 'start' | 'end' | 'blank' | 'directive' | 'content';

const newline = 0x0a;

/** Whether `---` or `...` at `at` is a marker: white space or nothing follows (YAML 1.2.2, 9.1.2). */
function isMarker(text: string, at: number, marker: string): boolean {
  return text.startsWith(marker, at) && (at + 3 >= text.length || ' \t\r\n'.includes(text.charAt(at + 3)));
}

function lineKind(text: string, at: number): LineKind {
  const first = text.charAt(at);
  if (first === '-' && isMarker(text, at, '---')) return 'start';
  if (first === '.' && isMarker(text, at, '...')) return 'end';
  if (first === '%') return 'directive';
  let here = at;
  while (' \t\r'.includes(text.charAt(here)) && here < text.length) here += 1;
  return here === text.length || text.charCodeAt(here) === newline || text.charAt(here) === '#' ? 'blank' : 'content';
}

/**
 * The documents of a stream, each with the lines that lead up to it (comments, directives and its `---`). A marker in the
 * first column ends a document wherever it stands: no scalar can contain one. Parts with nothing but comments are left out.
 */
export function* splitDocuments(text: string): Generator<DocumentText> {
  let start = text.startsWith('\ufeff') ? 1 : 0; // a byte order mark
  let startLine = 1;
  let line = 1;
  let begun: 'no' | 'directives' | 'yes' = 'no';
  for (let at = start; at < text.length; line += 1) {
    const lineEnd = text.indexOf('\n', at);
    const next = lineEnd === -1 ? text.length : lineEnd + 1;
    const kind = lineKind(text, at);
    if (kind === 'start' && begun === 'yes') {
      yield { text: text.slice(start, at), line: startLine };
      start = at;
      startLine = line;
    } else if (kind === 'end') {
      if (begun !== 'no') yield { text: text.slice(start, next), line: startLine };
      start = next;
      startLine = line + 1;
      begun = 'no';
    }
    if (kind === 'start' || kind === 'content') begun = 'yes';
    if (kind === 'directive' && begun === 'no') begun = 'directives';
    at = next;
  }
  if (begun !== 'no') yield { text: text.slice(start), line: startLine };
}
