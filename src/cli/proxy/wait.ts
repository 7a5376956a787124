// `sluice proxy wait`: returns once the sidecar of this pod is ready.
import { get } from 'node:http';
import { Command } from 'commander';
import { type ExitStatus, helpText, UsageError, withStatus } from '../command.ts';
import { countOption } from '../options.ts';

interface WaitFlags {
  readonly port: number;
  readonly timeout: number;
}

export function proxyWaitCommand(): Command {
  return new Command('wait')
    .summary('return once the sidecar of this pod is ready')
    .description(
      'Asks the sidecar on this machine until it is ready: for a postStart hook, which holds the containers behind it.',
    )
    .addOption(countOption('--port <number>', 'where the sidecar says so', 1).default(15021))
    .addOption(countOption('--timeout <seconds>', 'how long to wait', 1).default(60))
    .addHelpText(
      'after',
      helpText({
        examples: ['sluice proxy wait --timeout 30'],
        exit: ['0  it is ready', '2  wrong usage, or it is not ready in time'],
      }),
    )
    .action(withStatus(wait));
}

async function wait({ port, timeout }: WaitFlags): Promise<ExitStatus> {
  const { poll } = await import('../../inject/poll.ts');
  const what = 'the sidecar to be ready';
  await poll(async () => ((await isReady(port)) ? true : undefined), {
    within: timeout * 1000,
    every: 200,
    what,
  }).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  return 0;
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/healthz/ready', agent: false, timeout: 3000 },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
