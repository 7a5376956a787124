// `sluice serve`: the control plane.
import { Command, Option } from 'commander';
import { helpText, UsageError, withStatus } from './command.ts';
import { countOption, loopbackOption } from './options.ts';
import { type Address, formatAddress, isLoopback, parseAddress, parseAddressOrNone } from './serve/address.ts';
import { addKubeOptions, type KubeFlags, kubeOptions } from './serve/kube-options.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './serve/log-options.ts';
import { addTlsOptions, type TlsFlags, tlsOptions } from './serve/tls-options.ts';
import { addWebhookOptions, type WebhookFlags, webhookOptions } from './serve/webhook-options.ts';

interface ServeFlags extends TlsFlags, WebhookFlags, KubeFlags {
  readonly config?: readonly string[];
  readonly xdsAddress: Address | 'none';
  readonly httpAddress: Address;
  readonly plaintext?: boolean;
  readonly allowLoopbackEndpoints?: boolean;
  readonly allowWipe?: boolean;
  readonly loadReportInterval: number;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

export function serveCommand(): Command {
  const command = new Command('serve')
    .helpGroup('Run:')
    .summary('run the control plane on folders of YAML, or on a Kubernetes API')
    .description(
      'Runs the control plane: reads folders of YAML or a Kubernetes API, watches them, and serves Envoy configuration to every proxy that ' +
        'connects. An edit is served at once; what is wrong in it is logged with its line, and everything else applies.',
    )
    .option('--config <path...>', 'folders or files of YAML; they are watched')
    .addOption(
      new Option('--xds-address <host:port>', 'where proxies connect in plain text, over gRPC; none: nowhere')
        .argParser(parseAddressOrNone)
        .default(parseAddress(plainAddress), plainAddress),
    );
  return addWebhookOptions(addTlsOptions(addKubeOptions(command)))
    .addOption(
      new Option('--http-address <host:port>', 'where /healthz, /readyz and /metrics answer')
        .argParser(parseAddress)
        .default(parseAddress(httpAddress), httpAddress),
    )
    .option('--plaintext', 'let --xds-address be one that other machines reach, though nothing is encrypted there')
    .addOption(loopbackOption())
    .option(
      '--allow-wipe',
      'let most objects of a kind vanish at once; else, where they are more than ten, they stay for a minute: SLC0007',
    )
    .addOption(countOption('--load-report-interval <seconds>', 'how often proxies report their load', 1).default(10))
    .addOption(new Option('--log-level <level>', 'what is logged').choices(logLevels).default('info'))
    .addOption(logFormatOption())
    .addHelpText('after', serveHelp)
    .action(withStatus(serve));
}

const plainAddress = '127.0.0.1:15010';
const httpAddress = '127.0.0.1:15014';

function logFormatOption(): Option {
  const description = 'how it is logged (default: text on a terminal, else json)';
  return new Option('--log-format <format>', description).choices(logFormats);
}

const serveHelp = helpText({
  examples: [
    'sluice serve --config examples/seed --allow-loopback-endpoints',
    'sluice serve --config services/ rules/ --xds-address 127.0.0.1:0',
    'sluice serve --config /etc/sluice --tls-dir /etc/sluice-tls --xds-address none',
    'sluice serve --config /etc/sluice --ca-dir /etc/sluice-ca --token-keys sa.pub --token-issuer https://kubernetes.default.svc',
    'sluice serve --kube --kubeconfig ~/.kube/config',
    'sluice serve --kube --ca-secret sluice-system/cacerts',
    'curl http://127.0.0.1:15014/readyz',
    'curl http://127.0.0.1:15014/metrics',
  ],
  notes: [
    'Once it serves, one line of standard error says where: listening xds=127.0.0.1:15010 http=127.0.0.1:15014.',
    'With --tls-dir DIR also xds-tls=0.0.0.0:15012: there a proxy needs a certificate of a CA in ca.crt, with the SPIFFE id',
    'spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT, and gets the configuration of its own namespace only.',
    'With --ca-dir DIR too, where the control plane is the CA: a workload gets its certificate there, for the token of its',
    'service account or for the certificate that it has. DIR is laid out as the Secret cacerts of Istio is.',
    'Port 0 asks for a free port. SIGTERM and SIGINT end it in order, a second one at once.',
  ],
  exit: ['0  ended by a signal', '2  wrong usage, or it cannot run: a port is taken, a folder does not exist'],
});

async function serve(flags: ServeFlags): Promise<0> {
  const xdsAddress = plainTextAddress(flags);
  const tls = tlsOptions(flags, flags.kube === true);
  if (tls === null && xdsAddress === null) {
    throw new UsageError('with --xds-address none nobody can connect: add --tls-dir, --ca-dir or --ca-secret');
  }
  const [{ runControlPlane }, { requirePaths }] = await Promise.all([import('./serve/run.ts'), import('./input.ts')]);
  const { config: paths = [] } = flags;
  const kube = kubeOptions(flags);
  if (paths.length === 0 && kube === null)
    throw new UsageError('there is nothing to read: name folders with --config, or --kube');
  await requirePaths(paths);
  await runControlPlane({
    paths,
    kube,
    xdsAddress,
    tls,
    httpAddress: flags.httpAddress,
    webhook: webhookOptions(flags, tls),
    allowLoopbackEndpoints: flags.allowLoopbackEndpoints ?? false,
    allowWipe: flags.allowWipe ?? false,
    loadReportInterval: flags.loadReportInterval * 1000,
    logLevel: flags.logLevel,
    logFormat: flags.logFormat ?? (process.stderr.isTTY ? 'text' : 'json'),
  });
  return 0;
}

function plainTextAddress({ xdsAddress, plaintext }: ServeFlags): Address | null {
  if (xdsAddress === 'none') return null;
  if (isLoopback(xdsAddress) || plaintext === true) return xdsAddress;
  throw new UsageError(
    `other machines reach ${formatAddress(xdsAddress)}, and xDS there is plain text without authentication: ` +
      'whoever connects reads the configuration of every proxy. Use a loopback address, --tls-dir, or add --plaintext.',
  );
}
