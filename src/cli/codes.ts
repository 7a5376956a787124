// `sluice codes`: what a diagnostic means and what to do about it.
import { Argument, Command } from 'commander';
import { byText } from '../lib/sorted.ts';
import { type DiagnosticCode, diagnosticCodes, type Severity } from '../model/diagnostic-codes.ts';
import { type ExitStatus, helpText, UsageError, withStatus } from './command.ts';
import { type OutputFormat, outputOption } from './options.ts';
import { printData } from './output.ts';
import { styled } from './terminal.ts';

/** What is printed of a code. In JSON just as it is here. */
interface Page {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly title: string;
  readonly explanation: string;
  readonly fix: string;
  /** Codes of istioctl analyze that say the same. */
  readonly istio: readonly string[];
}

export function codesCommand(): Command {
  return new Command('codes')
    .helpGroup('Questions:')
    .summary('what a diagnostic means and how to fix it')
    .description(
      'Explains the codes that diagnostics have, such as SLC0602: what it means, what comes of it, and what to do. Without ' +
        'a code it lists them all. Codes of istioctl analyze, such as IST0173, lead to those that say the same.',
    )
    .addArgument(
      new Argument('[code...]', 'codes of diagnostics').choices(Object.keys(diagnosticCodes)).argParser(collect),
    )
    .addOption(outputOption())
    .addHelpText(
      'after',
      helpText({
        examples: ['sluice codes', 'sluice codes SLC0602', 'sluice codes IST0173', 'sluice codes -o json | jq length'],
        json: [
          '[{"code": "SLC0602", "severity": "error|warning|info", "title", "explanation", "fix", "istio": ["IST0173"]}]',
        ],
        exit: ['0  fine', '2  wrong usage, or a code that does not exist'],
      }),
    )
    .action(withStatus(showCodes));
}

/** Any word: codes of others are no choices, but are understood. */
const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

async function showCodes(words: readonly string[], { output }: { readonly output: OutputFormat }): Promise<ExitStatus> {
  const { istioCodes } = await import('../inspect/analyze/istio-codes.ts');
  const page = (code: DiagnosticCode): Page => {
    const istio = Object.entries(istioCodes).filter(([, known]) => typeof known !== 'string' && known.includes(code));
    return { code, ...diagnosticCodes[code], istio: istio.map(([name]) => name) };
  };
  const all = Object.keys(diagnosticCodes).filter(isCode).sort(byText);
  const asked = words.length === 0 ? all : words.flatMap((word) => codesFor(word, istioCodes));
  const pages = [...new Set(asked)].map(page);
  await printData(output, pages, () => (words.length === 0 ? list(pages) : pages.map(explain).join('\n')));
  return 0;
}

const isCode = (word: string): word is DiagnosticCode => Object.hasOwn(diagnosticCodes, word);

function codesFor(word: string, istioCodes: Readonly<Record<string, readonly DiagnosticCode[] | string>>) {
  const upper = word.toUpperCase();
  if (isCode(upper)) return [upper];
  const known = Object.hasOwn(istioCodes, upper) ? istioCodes[upper] : undefined;
  if (known === undefined) throw new UsageError(`there is no code ${word}; 'sluice codes' lists them all`);
  if (typeof known === 'string') throw new UsageError(`nothing here says what ${upper} says: it ${known}`);
  return known;
}

const colours = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

function list(pages: readonly Page[]): string {
  return pages
    .map(({ code, severity, title }) => {
      const coloured = styled(colours[severity], severity.padEnd('warning'.length), process.stdout);
      return `${code}   ${coloured}   ${title}\n`;
    })
    .join('');
}

function explain({ code, severity, title, explanation, fix, istio }: Page): string {
  const also = istio.length === 0 ? '' : `\nIn istioctl analyze: ${istio.join(', ')}\n`;
  const head = `${styled('bold', `${code}  ${title}`, process.stdout)}  (${styled(colours[severity], severity, process.stdout)})`;
  return `${head}\n\n${wrapped(explanation)}\nWhat to do:\n${wrapped(fix)}${also}`;
}

const width = 78;

/** Indented, in lines of at most 80 characters. */
function wrapped(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `  ${each}\n`).join('');
}
