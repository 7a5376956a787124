// `sluice proxy capture`: has a workload's connections redirected to its sidecar, and ends.
import { Command, Option } from 'commander';
import type { Decoder } from '../../crds/values/decode.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { CaptureSettings } from '../../model/sidecar-settings.ts';
import { type ExitStatus, helpText, UsageError, withStatus } from '../command.ts';

interface CaptureFlags {
  readonly includeOutboundRanges?: string;
  readonly excludeOutboundRanges?: string;
  readonly includeOutboundPorts?: string;
  readonly excludeOutboundPorts?: string;
  readonly includeInboundPorts?: string;
  readonly excludeInboundPorts?: string;
  readonly excludeInterfaces?: string;
  readonly print?: boolean;
}

export function proxyCaptureCommand(): Command {
  return new Command('capture')
    .summary("redirect a workload's connections to its sidecar, and end")
    .description(
      'Writes nftables rules into the network namespace that it runs in: what the workload sends goes to port 15001, what it is ' +
        'sent to port 15006; what the user 1337 sends is let through. Applied twice it is as applied once.',
    )
    .option(
      '--include-outbound-ranges <list>',
      'addresses whose connections are captured, 10.0.0.0/8,…; * for all (default: *)',
    )
    .option('--exclude-outbound-ranges <list>', 'addresses whose connections are not')
    .option('--include-outbound-ports <list>', 'ports that are captured whatever the address')
    .option('--exclude-outbound-ports <list>', 'ports that are not')
    .option('--include-inbound-ports <list>', 'ports of the workload that are captured; * for all (default: *)')
    .option('--exclude-inbound-ports <list>', 'ports of the workload that are not')
    .option('--exclude-interfaces <list>', 'network interfaces whose connections are not')
    .addOption(new Option('--print', 'print the rules, as nft -j takes them, and change nothing'))
    .addHelpText(
      'after',
      helpText({
        examples: ['sluice proxy capture --exclude-outbound-ports=3306', 'sluice proxy capture --print | jq .'],
        exit: ['0  the rules are in force', '2  wrong usage, or they cannot be: it needs NET_ADMIN, nft and ip'],
      }),
    )
    .action(withStatus(capture));
}

async function capture(flags: CaptureFlags): Promise<ExitStatus> {
  const [{ captureRules }, { applyRules }, { CannotStart }] = await Promise.all([
    import('../../inject/capture/rules.ts'),
    import('../../inject/capture/apply.ts'),
    import('../../inject/launcher.ts'),
  ]);
  const rules = captureRules(await settingsOf(flags));
  if (flags.print === true) {
    process.stdout.write(`${JSON.stringify(rules, null, 2)}\n`);
    return 0;
  }
  try {
    applyRules(rules);
  } catch (error) {
    throw error instanceof CannotStart ? new UsageError(error.message) : error;
  }
  return 0;
}

/** Reads the words as the annotations are read that they come from. */
async function settingsOf(flags: CaptureFlags): Promise<CaptureSettings> {
  const [{ captureAll }, values, { objectId }, { originOf }] = await Promise.all([
    import('../../model/sidecar-settings.ts'),
    import('../../crds/values/quoted.ts'),
    import('../../model/object.ts'),
    import('../../model/origin.ts'),
  ]);
  const origin = originOf(objectId({ group: '', kind: '', namespace: '', name: '' }));
  const read = <T>(option: string, text: string | undefined, decode: Decoder<T>, usual: T): T => {
    if (text === undefined) return usual;
    const spot = { origin, diagnostics: [] as Diagnostic[] };
    const value = decode(text, spot);
    if (value !== undefined) return value;
    throw new UsageError(`${option}: ${spot.diagnostics.map(({ message }) => message).join(', ')}`);
  };
  const { chosenRanges, rangeList, portList, chosenPorts, interfaceList } = values;
  const all = captureAll;
  return {
    includeOutboundRanges: read(
      '--include-outbound-ranges',
      flags.includeOutboundRanges,
      chosenRanges,
      all.includeOutboundRanges,
    ),
    excludeOutboundRanges: read('--exclude-outbound-ranges', flags.excludeOutboundRanges, rangeList, []),
    includeOutboundPorts: read('--include-outbound-ports', flags.includeOutboundPorts, portList, []),
    excludeOutboundPorts: read('--exclude-outbound-ports', flags.excludeOutboundPorts, portList, []),
    includeInboundPorts: read(
      '--include-inbound-ports',
      flags.includeInboundPorts,
      chosenPorts,
      all.includeInboundPorts,
    ),
    excludeInboundPorts: read('--exclude-inbound-ports', flags.excludeInboundPorts, portList, []),
    excludeInterfaces: read('--exclude-interfaces', flags.excludeInterfaces, interfaceList, []),
  };
}
