// `sluice serve`: the control plane.
import { Command, Option } from 'commander';
import { helpText, UsageError, withStatus } from './command.ts';
import { loopbackOption } from './options.ts';
import { type Address, formatAddress, isLoopback, parseAddress } from './serve/address.ts';
import { type LogFormat, type LogLevel, logFormats, logLevels } from './serve/log-options.ts';

interface ServeFlags {
  readonly config: readonly string[];
  readonly xdsAddress: Address;
  readonly httpAddress: Address;
  readonly plaintext?: boolean;
  readonly allowLoopbackEndpoints?: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

export function serveCommand(): Command {
  return new Command('serve')
    .helpGroup('Run:')
    .summary('run the control plane on folders of YAML, watched')
    .description(
      'Runs the control plane: reads folders of YAML, watches them, and serves Envoy configuration to every proxy that ' +
        'connects. An edit is served at once; what is wrong in it is logged with its line, and everything else applies.',
    )
    .requiredOption('--config <path...>', 'folders or files of YAML; they are watched')
    .addOption(addressOption('--xds-address <host:port>', 'where proxies connect, over gRPC', '127.0.0.1:15010'))
    .addOption(addressOption('--http-address <host:port>', 'where /healthz and /readyz answer', '127.0.0.1:15014'))
    .option('--plaintext', 'let --xds-address be one that other machines reach, though nothing is encrypted there')
    .addOption(loopbackOption())
    .addOption(new Option('--log-level <level>', 'what is logged').choices(logLevels).default('info'))
    .addOption(
      new Option('--log-format <format>', 'how it is logged (default: text on a terminal, else json)').choices(
        logFormats,
      ),
    )
    .addHelpText('after', serveHelp)
    .action(withStatus(serve));
}

function addressOption(flags: string, description: string, address: string): Option {
  return new Option(flags, description).argParser(parseAddress).default(parseAddress(address), address);
}

const serveHelp = helpText({
  examples: [
    'sluice serve --config examples/seed --allow-loopback-endpoints',
    'sluice serve --config services/ rules/ --xds-address 127.0.0.1:0',
    'curl http://127.0.0.1:15014/readyz',
  ],
  notes: [
    'Once it serves, one line of standard error says where: listening xds=127.0.0.1:15010 http=127.0.0.1:15014.',
    'Port 0 asks for a free port. SIGTERM and SIGINT end it in order, a second one at once.',
  ],
  exit: ['0  ended by a signal', '2  wrong usage, or it cannot run: a port is taken, a folder does not exist'],
});

async function serve(flags: ServeFlags): Promise<0> {
  if (!isLoopback(flags.xdsAddress) && flags.plaintext !== true) {
    throw new UsageError(
      `other machines reach ${formatAddress(flags.xdsAddress)}, and xDS there is plain text without authentication: ` +
        'whoever connects reads the configuration of every proxy. Use a loopback address, or add --plaintext.',
    );
  }
  const [{ runControlPlane }, { requirePaths }] = await Promise.all([import('./serve/run.ts'), import('./input.ts')]);
  await requirePaths(flags.config);
  await runControlPlane({
    paths: flags.config,
    xdsAddress: flags.xdsAddress,
    httpAddress: flags.httpAddress,
    allowLoopbackEndpoints: flags.allowLoopbackEndpoints ?? false,
    logLevel: flags.logLevel,
    logFormat: flags.logFormat ?? (process.stderr.isTTY ? 'text' : 'json'),
  });
  return 0;
}
