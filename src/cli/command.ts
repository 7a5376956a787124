// What all commands share: their exit status, and how they say that they were used wrongly.

/** 0: fine. 1: errors found, or a check failed. 2: wrong usage, or it cannot run. */
export type ExitStatus = 0 | 1 | 2;

/** The user asked for something that cannot be done; the message says what to do instead. Exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** An action for commander that ends the program with the status that `run` gives. */
export function withStatus<A extends readonly unknown[]>(
  run: (...args: A) => Promise<ExitStatus>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    process.exitCode = await run(...args);
  };
}

interface HelpText {
  readonly examples: readonly string[];
  readonly exit: readonly string[];
  /** The shape of what `-o json` prints; it does not change without a line in the changelog. */
  readonly json?: readonly string[];
  readonly notes?: readonly string[];
}

/** The part of a command's help that teaches. */
export function helpText({ examples, exit, json = [], notes = [] }: HelpText): string {
  const section = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `\n${title}:\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`;
  const sections = [
    section('Examples', examples),
    section('Output of -o json', json),
    section('Notes', notes),
    section('Exit status', exit),
  ];
  return sections.join('');
}
