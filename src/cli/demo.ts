// `sluice demo`: how the command is called; what it does is in demo/.
import { Command } from 'commander';
import { helpText, withStatus } from './command.ts';
import { countOption } from './options.ts';

interface DemoFlags {
  readonly once?: boolean;
  readonly requests?: number;
}

export function demoCommand(): Command {
  return new Command('demo')
    .helpGroup('Run:')
    .summary('see it work on this machine: real backends, a real Envoy, real traffic')
    .description(
      'Starts the control plane on a folder of YAML, real HTTP backends for its loopback endpoints and a real Envoy, ' +
        'sends requests through it, and shows who answered how often.',
    )
    .argument('[dir]', 'the folder to serve', 'examples/seed')
    .option('--once', 'play the policy changes on a temporary copy of the folder, then end')
    .addOption(countOption('--requests <number>', 'how many requests each round sends', 1))
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sluice demo                # stays up; edit examples/seed/*.yaml and watch the table',
          'sluice demo --once         # every load-balancing policy in turn, proved with traffic',
          'sluice demo examples/tcp   # another folder',
        ],
        notes: ['All ports are free ones. Without --once the folder is watched and never written.'],
        exit: ['0  everything was as expected', '1  a check failed', '2  wrong usage, or it cannot run here'],
      }),
    )
    .action(
      withStatus(async (dir: string, { once = false, requests }: DemoFlags) => {
        const { runDemo } = await import('./demo/demo.ts');
        return runDemo({ dir, once, requests });
      }),
    );
}
