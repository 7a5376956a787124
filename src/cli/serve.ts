// `sluice serve`: the control plane.
import { Command, Option } from 'commander';
import { clusterDomain } from '../model/names.ts';
import { helpText, UsageError, withStatus } from './command.ts';
import { loopbackOption } from './options.ts';
import { type Address, formatAddress, isLoopback, parseAddress, parseAddressOrNone } from './serve/address.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './serve/log-options.ts';
import type { TlsOptions } from './serve/tls.ts';
import type { WebhookOptions } from './serve/webhook.ts';

interface ServeFlags {
  readonly config: readonly string[];
  readonly xdsAddress: Address | 'none';
  readonly httpAddress: Address;
  readonly plaintext?: boolean;
  readonly tlsDir?: string;
  readonly xdsTlsAddress?: Address;
  readonly trustDomain?: readonly string[];
  readonly webhookAddress?: Address;
  readonly webhookTlsDir?: string;
  readonly sidecarImage?: string;
  readonly allowLoopbackEndpoints?: boolean;
  readonly allowWipe?: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

export function serveCommand(): Command {
  const command = new Command('serve')
    .helpGroup('Run:')
    .summary('run the control plane on folders of YAML, watched')
    .description(
      'Runs the control plane: reads folders of YAML, watches them, and serves Envoy configuration to every proxy that ' +
        'connects. An edit is served at once; what is wrong in it is logged with its line, and everything else applies.',
    )
    .requiredOption('--config <path...>', 'folders or files of YAML; they are watched')
    .addOption(
      new Option('--xds-address <host:port>', 'where proxies connect in plain text, over gRPC; none: nowhere')
        .argParser(parseAddressOrNone)
        .default(parseAddress(plainAddress), plainAddress),
    )
    .option('--tls-dir <path>', 'a folder with tls.crt, tls.key, ca.crt and maybe ca.crl, watched: turns mutual TLS on')
    .addOption(
      new Option(
        '--xds-tls-address <host:port>',
        `where proxies connect over mutual TLS (default: ${tlsAddress})`,
      ).argParser(parseAddress),
    )
    .addOption(trustDomainOption())
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
    .addOption(new Option('--log-level <level>', 'what is logged').choices(logLevels).default('info'))
    .addOption(
      new Option('--log-format <format>', 'how it is logged (default: text on a terminal, else json)').choices(
        logFormats,
      ),
    );
  return withWebhooks(command).addHelpText('after', serveHelp).action(withStatus(serve));
}

function withWebhooks(command: Command): Command {
  return command
    .addOption(
      new Option('--webhook-address <host:port>', 'where admission webhooks answer: /inject and /validate').argParser(
        parseAddress,
      ),
    )
    .option('--webhook-tls-dir <path>', 'a folder with tls.crt and tls.key for them')
    .option('--sidecar-image <name>', 'the image of injected sidecars');
}

const plainAddress = '127.0.0.1:15010';
const httpAddress = '127.0.0.1:15014';
/** For other machines: nobody without a certificate gets anything there. */
const tlsAddress = '0.0.0.0:15012';

function trustDomainOption(): Option {
  const flags = '--trust-domain <name...>';
  return new Option(flags, `whose identities are accepted over TLS (default: ${clusterDomain})`);
}

const serveHelp = helpText({
  examples: [
    'sluice serve --config examples/seed --allow-loopback-endpoints',
    'sluice serve --config services/ rules/ --xds-address 127.0.0.1:0',
    'sluice serve --config /etc/sluice --tls-dir /etc/sluice-tls --xds-address none',
    'curl http://127.0.0.1:15014/readyz',
    'curl http://127.0.0.1:15014/metrics',
  ],
  notes: [
    'Once it serves, one line of standard error says where: listening xds=127.0.0.1:15010 http=127.0.0.1:15014.',
    'With --tls-dir DIR also xds-tls=0.0.0.0:15012: there a proxy needs a certificate of a CA in ca.crt, with the SPIFFE id',
    'spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT, and gets the configuration of its own namespace only.',
    'Port 0 asks for a free port. SIGTERM and SIGINT end it in order, a second one at once.',
  ],
  exit: ['0  ended by a signal', '2  wrong usage, or it cannot run: a port is taken, a folder does not exist'],
});

async function serve(flags: ServeFlags): Promise<0> {
  const xdsAddress = plainTextAddress(flags);
  const tls = tlsOptions(flags);
  const [{ runControlPlane }, { requirePaths }] = await Promise.all([import('./serve/run.ts'), import('./input.ts')]);
  await requirePaths(flags.config);
  await runControlPlane({
    paths: flags.config,
    xdsAddress,
    tls,
    httpAddress: flags.httpAddress,
    webhook: webhookOptions(flags),
    allowLoopbackEndpoints: flags.allowLoopbackEndpoints ?? false,
    allowWipe: flags.allowWipe ?? false,
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

function webhookOptions({ webhookAddress: address, webhookTlsDir, sidecarImage }: ServeFlags): WebhookOptions | null {
  if (address === undefined && webhookTlsDir === undefined && sidecarImage === undefined) return null;
  if (address !== undefined && webhookTlsDir !== undefined) {
    return { address, folder: webhookTlsDir, image: sidecarImage ?? null };
  }
  throw new UsageError('admission webhooks need --webhook-address and --webhook-tls-dir');
}

function tlsOptions({ xdsAddress, tlsDir, xdsTlsAddress, trustDomain }: ServeFlags): TlsOptions | null {
  if (tlsDir !== undefined) {
    const trustDomains = trustDomain ?? [clusterDomain];
    return { folder: tlsDir, address: xdsTlsAddress ?? parseAddress(tlsAddress), trustDomains };
  }
  const alone = xdsTlsAddress !== undefined ? '--xds-tls-address' : trustDomain !== undefined ? '--trust-domain' : null;
  if (alone !== null) throw new UsageError(`${alone} is of use with --tls-dir only: there are no certificates`);
  if (xdsAddress === 'none') throw new UsageError('with --xds-address none nobody can connect: add --tls-dir');
  return null;
}
