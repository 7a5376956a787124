// What may stand where the cursor is, found from the commands and options themselves.
import type { Command, Option } from 'commander';

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether a file or folder may stand there. */
  readonly paths: boolean;
}

/**
 * Completes the last of `words`, which are those after the program's name. A shell may hand `--type=x` over as one word
 * or, as bash does, as three.
 */
export function complete(program: Command, words: readonly string[]): Completion {
  const { before, current, prefix } = split(words);
  const { command, option } = walk(program, before);
  const all =
    option !== undefined
      ? optionValues(option, current)
      : current.startsWith('-')
        ? optionNames(command)
        : argumentValues(command);
  const candidates = all.candidates.filter(({ value }) => value.startsWith(current));
  return { ...all, candidates: candidates.map((each) => ({ ...each, value: prefix + each.value })) };
}

function split(words: readonly string[]): { before: readonly string[]; current: string; prefix: string } {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  if (current === '=') return { before, current: '', prefix: '' };
  if (before.at(-1) === '=') return { before: before.slice(0, -1), current, prefix: '' };
  const equals = current.startsWith('--') ? current.indexOf('=') : -1;
  if (equals < 0) return { before, current, prefix: '' };
  return {
    before: [...before, current.slice(0, equals)],
    current: current.slice(equals + 1),
    prefix: current.slice(0, equals + 1),
  };
}

/** The command that the words lead to, and the option whose value comes next, if one does. */
function walk(program: Command, words: readonly string[]): { command: Command; option: Option | undefined } {
  let command = program;
  let option: Option | undefined;
  for (const word of words) {
    if (option !== undefined && !(option.variadic && word.startsWith('-'))) {
      if (!option.variadic) option = undefined;
      continue;
    }
    option = undefined;
    if (word.startsWith('-')) option = valuedOption(command, word);
    else command = command.commands.find((each) => each.name() === word || each.aliases().includes(word)) ?? command;
  }
  return { command, option };
}

function visibleOptions(command: Command): Option[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
}

function valuedOption(command: Command, word: string): Option | undefined {
  const found = visibleOptions(command).find(({ long, short }) => word === long || word === short);
  return found?.required === true ? found : undefined;
}

function optionNames(command: Command): Completion {
  const candidates = visibleOptions(command).map(({ long, short, description }) => ({
    value: long ?? short ?? '',
    description,
  }));
  return { candidates, paths: false };
}

/** The choices of an option; of one that takes a list, those that may follow what is typed already. */
function optionValues({ argChoices, flags }: Option, current: string): Completion {
  if (argChoices === undefined) return { candidates: [], paths: /<(path|file|dir)/.test(flags) };
  const listed = /<\w+s>/.test(flags) ? current.slice(0, current.lastIndexOf(',') + 1) : '';
  const used = listed.split(',');
  const left = argChoices.filter((choice) => !used.includes(choice));
  return { candidates: left.map((choice) => ({ value: listed + choice, description: '' })), paths: false };
}

function argumentValues(command: Command): Completion {
  const subcommands = command.createHelp().visibleCommands(command);
  const [argument] = command.registeredArguments;
  const choices = argument?.argChoices ?? [];
  return {
    candidates: [
      ...subcommands.map((each) => ({ value: each.name(), description: each.summary() || each.description() })),
      ...choices.map((value) => ({ value, description: '' })),
    ],
    paths: argument !== undefined && choices.length === 0,
  };
}
