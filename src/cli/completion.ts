// `sluice completion`: what a shell needs to complete commands, options and their values.
import { Argument, Command } from 'commander';
import { helpText, withStatus } from './command.ts';
import { complete } from './completion/complete.ts';
import { type Shell, scripts } from './completion/scripts.ts';

export function completionCommand(): Command {
  return new Command('completion')
    .helpGroup('Install:')
    .summary('print the completion script of a shell')
    .description('Prints a script that teaches your shell to complete commands, options and their values.')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      helpText({
        examples: [
          'source <(sluice completion bash)                                       # in ~/.bashrc',
          'source <(sluice completion zsh)                                        # in ~/.zshrc, after compinit',
          'sluice completion fish > ~/.config/fish/completions/sluice.fish',
        ],
        exit: ['0  fine', '2  wrong usage'],
      }),
    )
    .action(
      withStatus(async (shell: Shell) => {
        process.stdout.write(scripts[shell]);
        return 0;
      }),
    );
}

/** What the scripts call: `sluice __complete -- WORD…`, the last word being the one that is typed. */
export function completeCommand(): Command {
  const command = new Command('__complete').argument('[words...]').allowUnknownOption();
  return command.action(
    withStatus(async (words: readonly string[]) => {
      if (command.parent !== null) {
        const { candidates, paths } = complete(command.parent, words);
        const lines = candidates.map(({ value, description }) => `${value}\t${description}\n`);
        process.stdout.write(`${lines.join('')}${paths ? ':paths\n' : ''}`);
      }
      return 0;
    }),
  );
}
