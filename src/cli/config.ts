// `sluice config`: the configuration that a proxy has.
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { type ExitStatus, helpText, UsageError, withStatus } from './command.ts';
import type { Dump } from './config/dump.ts';
import type { ConfigLists } from './config/lists.ts';
import { type OutputFormat, outputOption, serverOption } from './options.ts';
import { printData } from './output.ts';
import { type Address, parseAddress } from './serve/address.ts';
import { printable } from './terminal.ts';
import { textAt } from './translate/envoy-json.ts';

const types = ['all', 'bootstrap', 'cluster', 'endpoint', 'listener', 'route', 'secret'] as const;
type Type = (typeof types)[number];

interface ConfigFlags {
  readonly server: string;
  readonly namespace?: string;
  readonly live?: boolean;
  readonly admin: Address;
  readonly file?: string;
  readonly name: string;
  readonly output: OutputFormat;
}

export function configCommand(): Command {
  const admin = '127.0.0.1:15000';
  return new Command('config')
    .alias('pc')
    .helpGroup('Questions:')
    .summary('show the Envoy configuration that a proxy has')
    .description(
      'Shows what a proxy was sent, as the control plane knows it; with --live what its Envoy has, asked at its admin ' +
        'port; with --file what a dump of an Envoy says.',
    )
    .addArgument(new Argument('<type>', 'what to show').choices(types))
    .addArgument(new Argument('[pod.namespace]', 'the proxy, by its Pod or its node id'))
    .addOption(serverOption())
    .addOption(new Option('-n, --namespace <name>', 'the namespace of the Pod, where it is named without one'))
    .addOption(new Option('--live', 'ask the Envoy itself').conflicts('file'))
    .addOption(
      new Option('--admin <host:port>', "that Envoy's admin port")
        .argParser(parseAddress)
        .default(parseAddress(admin), admin),
    )
    .addOption(new Option('--file <path>', "a file with Envoy's /config_dump?include_eds, or - for standard input"))
    .addOption(new Option('--name <text>', 'only what has this text in its name').default('').argParser(shortText))
    .addOption(outputOption())
    .addHelpText('after', configHelp)
    .action(withStatus(config));
}

function shortText(value: string): string {
  if (value.length <= 500) return value;
  throw new InvalidArgumentError('It has at most 500 characters.');
}

const configHelp = helpText({
  examples: [
    'sluice config cluster web-7d9f.shop',
    'sluice pc route web-7d9f -n shop --name 80 -o yaml',
    'sluice config all --live --admin 127.0.0.1:15000',
    'kubectl exec web-7d9f -c istio-proxy -- curl -s localhost:15000/config_dump?include_eds | sluice pc all --file -',
  ],
  json: [
    '{"bootstrap": {…} or null, "clusters": […], "endpoints": […], "listeners": […], "routes": […], "secrets": […]}',
    "Each entry is the resource in Envoy's own JSON (snake_case, @type in every Any), sorted by name.",
    'The lists of types that were not asked for are empty. Private keys and tokens are [redacted].',
  ],
  notes: ['The control plane knows no bootstrap, and not what a proxy has instead of what it refused: --live does.'],
  exit: ['0  fine', '2  wrong usage, or whoever was asked does not answer or has no such proxy'],
});

async function config(type: Type, pod: string | undefined, flags: ConfigFlags): Promise<ExitStatus> {
  const who = inNamespace(pod, flags.namespace);
  const { select, shown, bootstrapRows } = await import('./config/lists.ts');
  const wanted =
    type === 'all' ? ['bootstrap', ...Object.values(listOf)] : [type === 'bootstrap' ? type : listOf[type]];
  const all = await load(type, who, flags);
  const lists = select(all, wanted, flags.name);
  const { resourceTables } = await import('./translate/tables.ts');
  const { table } = await import('./terminal.ts');
  const { bootstrap, ...resources } = lists;
  await printData(flags.output, lists, () => {
    const rows = {
      clusters: resources.clusters.map(shown),
      endpoints: resources.endpoints.map(shown),
      listeners: resources.listeners.map(shown),
      routes: resources.routes.map(shown),
      secrets: resources.secrets.map(shown),
    };
    const start = bootstrap === null ? [] : [table(['BOOTSTRAP', 'VALUE'], bootstrapRows(bootstrap))];
    return [...start, resourceTables(rows)].filter((part) => part !== '').join('\n');
  });
  if (bootstrap === null && Object.values(resources).every((list) => list.length === 0))
    say(
      flags.name === ''
        ? `there is no ${type === 'all' ? 'configuration' : type}`
        : `no name has "${flags.name}" in it`,
    );
  return 0;
}

/** A node id and a POD.NAMESPACE stay as they are. */
function inNamespace(pod: string | undefined, namespace: string | undefined): string | undefined {
  if (pod === undefined || namespace === undefined || pod.includes('~') || pod.endsWith(`.${namespace}`)) return pod;
  return `${pod}.${namespace}`;
}

const listOf = {
  cluster: 'clusters',
  endpoint: 'endpoints',
  listener: 'listeners',
  route: 'routes',
  secret: 'secrets',
} as const;

async function load(type: Type, who: string | undefined, flags: ConfigFlags): Promise<ConfigLists> {
  if (flags.live === true || flags.file !== undefined) {
    const { dumpIn, dumpOf } = await import('./config/dump.ts');
    const dump = flags.file === undefined ? await dumpOf(flags.admin) : await dumpIn(flags.file);
    checkNode(dump, who);
    if (dump.warming.length > 0) say(`not in force yet, and not shown: ${few(dump.warming)}`);
    return dump.lists;
  }
  if (who === undefined) throw new UsageError('name the proxy as POD.NAMESPACE, or add --live or --file');
  if (type === 'bootstrap')
    throw new UsageError('the control plane does not know the bootstrap of a proxy: add --live or --file');
  const { configOf } = await import('./config/from-server.ts');
  const kinds = type === 'all' ? ['cluster', 'endpoint', 'listener', 'route'] : type === 'secret' ? [] : [type];
  const { lists, unknown } = await configOf(flags.server, who, kinds, flags.name);
  if (unknown.length > 0) say(`what the proxy has of these is not known here, --live shows it: ${few(unknown)}`);
  return lists;
}

/** Whoever names a proxy is not shown another one. */
function checkNode({ lists: { bootstrap } }: Dump, who: string | undefined): void {
  const id = textAt(bootstrap ?? {}, 'node', 'id');
  if (who === undefined || id === '' || id === who || id.split('~')[2] === who) return;
  throw new UsageError(`that Envoy is ${id}, not ${who}`);
}

function few(names: readonly string[]): string {
  return names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '');
}

function say(text: string): void {
  process.stderr.write(`sluice: ${printable(text)}\n`);
}
