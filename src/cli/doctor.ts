// `sluice doctor`: whether an installation works, and what to do where it does not.
import { Command } from 'commander';
import { type ExitStatus, helpText, withStatus } from './command.ts';
import type { Finding, Health } from './doctor/checks.ts';
import { addKubeconfigOptions, type OutputFormat, outputOption } from './options.ts';
import { printData } from './output.ts';
import { styled, table } from './terminal.ts';

interface DoctorFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: OutputFormat;
}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .helpGroup('Questions:')
    .summary('check an installation in a cluster')
    .description(
      'Looks at an installation: the API, the kinds that it knows, the rights of the control plane, its replicas and who ' +
        'leads, the roots that workloads believe, the webhooks, and Pods without a sidecar. Nothing is changed.',
    )
    .addOption(outputOption());
  return addKubeconfigOptions(command).addHelpText('after', doctorHelp).action(withStatus(doctor));
}

const doctorHelp = helpText({
  examples: ['sluice doctor', 'sluice doctor -o json | jq \'.checks[] | select(.health != "fine")\''],
  json: ['{"checks": [{"check", "health": "fine|doubtful|failed", "message", "fix": "" where it is fine}]}'],
  exit: ['0  nothing has failed', '1  something has', '2  wrong usage, or a kubeconfig that cannot be used'],
});

const words: Readonly<Record<Health, string>> = { fine: 'ok', doubtful: 'WARNING', failed: 'FAILED' };

async function doctor({ kubeconfig, context, output }: DoctorFlags): Promise<ExitStatus> {
  const [{ examine }, { reachKube }] = await Promise.all([import('./doctor/checks.ts'), import('./serve/kube.ts')]);
  const api = reachKube({ path: kubeconfig ?? null, context: context ?? null, lease: null });
  const checks: Finding[] = [];
  for await (const finding of examine(api)) checks.push(finding);
  await printData(output, { checks }, () => report(checks));
  return checks.some(({ health }) => health === 'failed') ? 1 : 0;
}

function report(checks: readonly Finding[]): string {
  const rows = checks.map(({ check, health, message }) => [check, words[health], message]);
  const fixes = checks.filter(({ fix }) => fix !== '').map(({ check, fix }) => `${check}: ${fix}\n`);
  const title = fixes.length === 0 ? '' : `\n${styled('bold', 'What to do', process.stdout)}\n`;
  return `${table(['check', 'health', 'what is so'], rows)}${title}${fixes.join('')}`;
}
