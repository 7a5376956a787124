// `sluice proxy`: what runs beside a workload.
import { Command } from 'commander';
import { helpText } from './command.ts';
import { proxyCaptureCommand } from './proxy/capture.ts';
import { proxySidecarCommand } from './proxy/sidecar.ts';
import { proxyWaitCommand } from './proxy/wait.ts';

export function proxyCommand(): Command {
  const proxy = new Command('proxy')
    .helpGroup('Run:')
    .summary('run Envoy beside a workload, and have its connections captured')
    .description('The commands of the containers that injection adds to a pod.')
    .addHelpText(
      'after',
      helpText({
        examples: ['sluice proxy capture --print', 'sluice proxy sidecar --help', 'sluice proxy wait'],
        exit: ['0  done', '2  wrong usage, or it cannot run'],
      }),
    );
  for (const make of [proxySidecarCommand, proxyCaptureCommand, proxyWaitCommand]) {
    proxy.addCommand(make().copyInheritedSettings(proxy));
  }
  return proxy;
}
