// One YAML document: from its text to the library's nodes, within limits.
import { Composer, type Document, Lexer, Parser, type YAMLError } from 'yaml';
import type { YamlLimits } from './limits.ts';
import { kubectlSchema } from './schema.ts';
import { detached, type YamlProblem } from './value.ts';

export type Composed =
  | { readonly kind: 'document'; readonly document: Document.Parsed }
  /** Nothing but comments, or nothing at all. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'problem'; readonly problem: YamlProblem };

/** What YAML 1.2.2 (5.1) does not let a stream contain; besides, a lone carriage return and a mark inside of the file. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\r(?!\n)|(?<=\n)\ufeff/;

const clearer: Partial<Record<YAMLError['code'], string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'a second mapping on the same line; quote the value, or begin a new line',
  MULTILINE_IMPLICIT_KEY: 'text without a colon; a key must end with ":" on its own line',
  NON_STRING_KEY: 'a key must be a word, not a list, a mapping or an alias',
};

const settings = {
  version: '1.1',
  schema: kubectlSchema,
  stringKeys: true,
  uniqueKeys: false, // looked at in value.ts: the library compares each key with each
  prettyErrors: false,
  keepSourceTokens: false,
} as const;

/** Parses the text of one document. Never throws for any text; the first thing that is wrong with it is the problem. */
export function composeDocument(text: string, limits: YamlLimits): Composed {
  const problem = textProblem(text, limits);
  if (problem !== null) return { kind: 'problem', problem };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // the library makes an error for every wrong character, and a stack trace costs 15 µs
  try {
    return compose(text, limits);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function textProblem(text: string, { documentLength }: YamlLimits): YamlProblem | null {
  if (text.length > documentLength) {
    return { code: 'SLC0002', offset: 0, message: `the document has more than ${documentLength} characters` };
  }
  const offset = text.search(forbidden);
  if (offset === -1) return null;
  const code = text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, '0');
  return { code: 'SLC0001', offset, message: `the character U+${code} is not allowed here` };
}

function compose(text: string, limits: YamlLimits): Composed {
  const tokens = new BoundedTokens(limits);
  const documents = [...new Composer(settings).compose(tokens.of(text), true, text.length)];
  const wrong = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]).map(syntaxProblem);
  if (tokens.problem !== null) wrong.push(tokens.problem);
  const [document, second] = documents;
  if (second !== undefined) wrong.push({ code: 'SLC0001', offset: second.range[0], message: 'content after the end' });
  const [first] = wrong.sort((a, b) => a.offset - b.offset);
  if (first !== undefined) return { kind: 'problem', problem: first };
  return document === undefined || document.contents === null ? { kind: 'empty' } : { kind: 'document', document };
}

/** The library's parser, stopped at the first error and before a hostile text makes it slow. */
class BoundedTokens {
  problem: YamlProblem | null = null;
  readonly #limits: YamlLimits;

  constructor(limits: YamlLimits) {
    this.#limits = limits;
  }

  *of(text: string): ReturnType<Parser['parse']> {
    const { depth, tokensPerDocument } = this.#limits;
    const parser = new Parser();
    let count = 0;
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) {
        if (token.type === 'error') return this.#stop('SLC0001', token.offset, firstSentence(token.message));
        yield token;
      }
      count += 1;
      // Its stack holds the document, the open lists and mappings, and perhaps a scalar.
      if (parser.stack.length > depth + 2) return this.#stop('SLC0002', parser.offset, tooDeep(depth));
      if (count > tokensPerDocument) return this.#stop('SLC0002', parser.offset, tooMany(tokensPerDocument));
    }
    yield* parser.end();
  }

  #stop(code: YamlProblem['code'], offset: number, message: string): void {
    this.problem = { code, offset, message };
  }
}

function tooDeep(most: number): string {
  return `lists and mappings are nested more than ${most} deep`;
}

function tooMany(most: number): string {
  return `the document has more than ${most} tokens`;
}

function syntaxProblem({ code, message, pos }: YAMLError): YamlProblem {
  return { code: 'SLC0001', offset: pos[0], message: firstSentence(clearer[code] ?? message) };
}

/** A message of the library as Sluice writes them: one line, and not too long. */
function firstSentence(message: string): string {
  const [line = ''] = message.split('\n');
  const short = line.length > 160 ? `${line.slice(0, 160)}…` : line;
  return detached(short.charAt(0).toLowerCase() + short.slice(1));
}
