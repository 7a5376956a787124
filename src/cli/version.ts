// `sluice version`: what is running.
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { helpText, withStatus } from './command.ts';
import { type OutputFormat, outputOption } from './options.ts';
import { printData } from './output.ts';

export const { version } = packageJson;

export function versionCommand(): Command {
  return new Command('version')
    .helpGroup('Install:')
    .summary('print the version')
    .description('Prints the version of Sluice and of the Node that runs it.')
    .addOption(outputOption())
    .addHelpText(
      'after',
      helpText({
        examples: ['sluice version', 'sluice version -o json'],
        json: ['{"version": "0.1.0", "node": "24.21.0"}'],
        exit: ['0  fine'],
      }),
    )
    .action(
      withStatus(async ({ output }: { readonly output: OutputFormat }) => {
        const data = { version, node: process.versions.node };
        await printData(output, data, () => `sluice ${data.version} (node ${data.node})\n`);
        return 0;
      }),
    );
}
