// `sluice status`: what every connected proxy has acknowledged, and what it refused.
import { Command, Option } from 'commander';
import { type ExitStatus, helpText, withStatus } from './command.ts';
import { outputOption, serverOption, type WideOutputFormat } from './options.ts';
import { printData } from './output.ts';
import type { ProxyReport } from './serve/proxies.ts';

interface StatusFlags {
  readonly server: string;
  readonly namespace?: string;
  readonly strict?: boolean;
  readonly output: WideOutputFormat;
}

export function statusCommand(): Command {
  return new Command('status')
    .alias('ps')
    .helpGroup('Questions:')
    .summary('show every connected proxy, and whether it has what it should have')
    .description(
      'Asks a running control plane for its proxies, and says per type of configuration whether each has acknowledged ' +
        'what it should have. What Envoy refused is shown at the YAML behind it.',
    )
    .addOption(serverOption())
    .addOption(new Option('-n, --namespace <name>', 'only the proxies of this namespace'))
    .addOption(new Option('--strict', 'exit with 1 for everything that is not synced'))
    .addOption(outputOption(['wide']))
    .addHelpText('after', statusHelp)
    .action(withStatus(status));
}

const statusHelp = helpText({
  examples: [
    'sluice status',
    'sluice ps -n shop -o wide',
    'kubectl -n sluice-system port-forward deploy/sluice 15014 & sluice status',
    "sluice status -o json | jq '.proxies[] | select(.refusals != []) | .id'",
  ],
  json: [
    '{"proxies": [{"id", "name", "namespace", "role", "ip", "protocol": "delta|sotw", "connectedSince",',
    '  "types": {"cluster": {"state": "synced|stale|refused|held|not sent", "resources": 3, "sent", "acknowledged",',
    '    "nonce", "error", "refusedAt", "held": ["…"]}, "endpoint": …, "listener": …, "route": null},',
    '  "refusals": [a diagnostic as that of validate], "load": {"receivedAt", "leftOut": 0, "clusters": [{"cluster",',
    '    "locality", "issued", "inProgress", "errors", "dropped"}]} or null}], "more": 0}',
    'A type is null that the proxy did not ask for; more counts proxies that are left out; times are ISO 8601.',
    'sent and acknowledged are versions. A state is held while something waits for clusters to be acknowledged.',
  ],
  notes: [
    'SYNCED: acknowledged. STALE: not acknowledged yet. REFUSED: Envoy said no and keeps what it had. HELD: listeners or',
    'routes wait for clusters. NOT SENT: nothing was sent yet. -: the proxy did not ask for that type.',
    'The control plane answers where its --http-address is a loopback address.',
  ],
  exit: [
    '0  no proxy refuses anything',
    '1  a proxy refuses something; with --strict, one that is not synced too',
    '2  wrong usage, or the control plane does not answer',
  ],
});

async function status({ server, namespace, strict = false, output }: StatusFlags): Promise<ExitStatus> {
  const [{ getProxies }, { showProxies }] = await Promise.all([
    import('./status/server.ts'),
    import('./status/show.ts'),
  ]);
  const { proxies: all, more } = await getProxies(server);
  const proxies = all.filter((proxy) => namespace === undefined || proxy.namespace === namespace);
  await printData(output, { proxies, more }, () => showProxies(proxies, output === 'wide', Date.now()));
  if (proxies.length === 0) process.stderr.write(`sluice: no proxy is connected${inNamespace(namespace)}\n`);
  if (more > 0) process.stderr.write(`sluice: ${more} more proxies are connected\n`);
  return proxies.some((proxy) => fails(proxy, strict)) ? 1 : 0;
}

const inNamespace = (namespace: string | undefined): string => (namespace === undefined ? '' : ' in this namespace');

function fails({ types }: ProxyReport, strict: boolean): boolean {
  return Object.values(types).some(
    (type) => type?.state === 'refused' || (strict && type !== null && type.state !== 'synced'),
  );
}
