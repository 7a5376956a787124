// `sluice proxy sidecar`: the agent beside a workload.
import { Command, InvalidArgumentError, Option } from 'commander';
import { adminPort, agentPort, metricsPort, readinessPort } from '../../inject/pod/ports.ts';
import type { EnvoyLogLevel } from '../../model/sidecar-settings.ts';
import { helpText } from '../command.ts';
import { countOption } from '../options.ts';
import type { SidecarFlags } from './sidecar-flags.ts';

const levels: readonly EnvoyLogLevel[] = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];

export function proxySidecarCommand(): Command {
  const command = new Command('sidecar')
    .summary('run Envoy beside a workload')
    .description(
      'Starts Envoy with a bootstrap of its own, answers whether it is ready and the probes of the workload, and ends with ' +
        "Envoy's exit status. SIGTERM drains: Envoy serves on for a while and asks its clients to go.",
    )
    .requiredOption('--xds-address <host:port>', 'where the control plane is', hostAndPort)
    .addOption(new Option('--pod-name <name>', 'the pod').env('POD_NAME').makeOptionMandatory())
    .addOption(new Option('--pod-namespace <name>', 'its namespace').env('POD_NAMESPACE').makeOptionMandatory())
    .addOption(new Option('--instance-ip <ip>', 'its address').env('INSTANCE_IP').makeOptionMandatory())
    .addOption(
      new Option('--app-probes <json>', "the workload's probes, as injection writes them").env(
        'ISTIO_KUBE_APP_PROBERS',
      ),
    )
    .option('--plaintext', 'without certificates')
    .option('--tls-dir <path>', 'a folder with tls.crt, tls.key and ca.crt, for the control plane and the mesh')
    .option('--token <path>', 'the token of its service account, for which it gets certificates')
    .option('--roots <path>', 'the certificates of the authority that the control plane has its own from')
    .option('--server-name <name>', "the name in the control plane's certificate (default: its host)")
    .addOption(
      new Option('--interception <mode>', 'how connections reach it').choices(['REDIRECT', 'NONE']).default('REDIRECT'),
    )
    .addOption(new Option('--log-level <level>', 'of Envoy').choices(levels).default('warning'))
    .addOption(countOption('--concurrency <number>', 'worker threads; 0: one per core', 0).default(2))
    .option('--drain <duration>', 'for how long clients are asked to go', seconds, 45_000)
    .option('--termination-drain <duration>', 'how long it serves on after SIGTERM', seconds, 5000)
    .option('--until-no-connections', 'serve on until nobody is connected, at least that long')
    .requiredOption('--folder <path>', 'an existing folder for its files')
    .addOption(new Option('--envoy <path>', 'the Envoy program').env('SLUICE_ENVOY'));
  return withPorts(command).addHelpText('after', sidecarHelp).action(run);
}

function withPorts(command: Command): Command {
  return command
    .addOption(countOption('--agent-port <number>', "for the workload's probes", 0).default(agentPort))
    .addOption(
      countOption('--readiness-port <number>', 'whether it is ready: /healthz/ready', 0).default(readinessPort),
    )
    .addOption(countOption('--metrics-port <number>', "Envoy's metrics: /stats/prometheus", 0).default(metricsPort))
    .addOption(countOption('--admin-port <number>', "Envoy's own pages, on loopback alone", 0).default(adminPort));
}

const sidecarHelp = helpText({
  examples: ['sluice proxy sidecar --xds-address sluice.sluice-system.svc:15010 --plaintext --folder /etc/istio/proxy'],
  notes: [
    'Once Envoy runs, one line of standard error says where: listening admin=… agent=… readiness=… metrics=….',
    'In a pod, --pod-name, --pod-namespace, --instance-ip and --app-probes come from its environment.',
  ],
  exit: ['0  ended by a signal', '2  wrong usage, or it cannot run', "else: Envoy's own"],
});

async function run(flags: SidecarFlags): Promise<void> {
  const { runSidecarProcess } = await import('./sidecar-process.ts');
  process.exitCode = await runSidecarProcess(flags);
}

function hostAndPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = text.slice(colon + 1);
  if (colon < 1 || !/^[A-Za-z0-9_.:-]+$/.test(host) || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new InvalidArgumentError('It is written HOST:PORT, such as sluice.sluice-system.svc:15012.');
  }
  return { host, port: Number(port) };
}

/** `5s`, as injection writes it. */
function seconds(text: string): number {
  if (/^\d{1,9}(\.\d{1,3})?s$/.test(text)) return Math.round(Number(text.slice(0, -1)) * 1000);
  throw new InvalidArgumentError('It is written in seconds, such as 5s.');
}
