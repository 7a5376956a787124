// The frame around all commands: what is common to their help, their errors and their exit status.
import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { UsageError } from './command.ts';
import { commands } from './commands.ts';
import { completeCommand } from './completion.ts';
import { printable, styled, tolerateLostOutput } from './terminal.ts';
import { version } from './version.ts';

/** The command line of `sluice`, with all commands. */
export function createProgram(): Command {
  const program = new Command('sluice')
    .description(
      'An Envoy xDS control plane: Kubernetes-style YAML goes in, Envoy configuration comes out. ' +
        'One place that decides, and explains, how requests are spread.',
    )
    .usage('<command> [options]')
    .version(`sluice ${version}`, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .option('--no-color', 'print without colours (NO_COLOR and TERM=dumb do the same)')
    .addHelpCommand(
      new Command('help').argument('[command]').helpGroup('Install:').description('show the help of a command'),
    )
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title) => styleText('bold', title, { validateStream: false }),
    })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'sluice: ')) })
    .addHelpText('after', "\nSee 'sluice <command> --help' for examples, exit status and the shape of -o json.")
    .exitOverride();
  for (const make of commands) {
    const command = make().copyInheritedSettings(program);
    program.addCommand(command.showHelpAfterError(`See 'sluice ${command.name()} --help'.`));
  }
  program.addCommand(completeCommand(), { hidden: true });
  return program.showHelpAfterError("See 'sluice --help'.");
}

function withoutColours(): void {
  process.env['NO_COLOR'] = '1';
  delete process.env['FORCE_COLOR'];
}

/** Runs one command line (without the program's name) and sets the exit status. */
export async function runProgram(args: readonly string[]): Promise<void> {
  tolerateLostOutput(process);
  // Before anything is parsed: help and errors have colours too.
  if (args.includes('--no-color')) withoutColours();
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = statusOf(error);
  }
}

/** Says what went wrong, where commander has not done so, and gives the exit status for it. */
function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const say = (text: string): boolean => process.stderr.write(`${styled('red', 'sluice:', process.stderr)} ${text}\n`);
  if (error instanceof UsageError) say(error.message.split('\n').map(printable).join('\n'));
  else say(`this is a fault of Sluice, please report it: ${error instanceof Error ? error.stack : String(error)}`);
  return 2;
}
