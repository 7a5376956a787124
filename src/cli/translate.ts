// `sluice translate`: the Envoy configuration that a proxy would get.
import { Command, Option } from 'commander';
import type { XdsResource } from '../envoy/resource.ts';
import { sortedBy } from '../lib/sorted.ts';
import type { Generator, ProxyNode } from '../model/proxy.ts';
import type { Resources } from '../translate/emit/resources.ts';
import { addClusterOptions, type InputFlags } from './cluster-options.ts';
import { type ExitStatus, helpText, UsageError, withStatus } from './command.ts';
import { countFindings, formatFindings, locateDiagnostics, statusOfFindings } from './diagnostics.ts';
import {
  listOption,
  loopbackOption,
  namespaceOption,
  type OutputFormat,
  outputOption,
  strictOption,
} from './options.ts';
import { printData } from './output.ts';

const types = ['cluster', 'endpoint', 'listener', 'route', 'secret'] as const;
type Type = (typeof types)[number];

/** Known from the start, so that whoever tries one is told. */
const laterOptions = ['node'] as const;

interface TranslateFlags extends InputFlags {
  readonly proxy?: string;
  readonly generator: Generator;
  readonly namespace: string;
  readonly type?: readonly Type[];
  readonly allowLoopbackEndpoints?: boolean;
  readonly output: OutputFormat;
  readonly strict?: boolean;
  readonly gateway?: string;
  readonly node?: string;
  readonly labels?: string;
}

export function translateCommand(): Command {
  const command = new Command('translate')
    .helpGroup('Before a change:')
    .summary('print the Envoy configuration that a proxy would get')
    .description(
      'Prints the Envoy configuration that a proxy would get from this YAML, without running anything. ' +
        'Without --proxy it is that of a sidecar with traffic capture in the namespace that -n names.',
    )
    .addOption(new Option('--proxy <pod.namespace>', 'the sidecar of this Pod, which has to be in the input'))
    .addOption(
      new Option('--gateway <name.namespace>', 'a gateway of this name, which Gateways select by its Pod').conflicts(
        'proxy',
      ),
    )
    .addOption(new Option('--labels <labels>', 'the labels of that gateway, where no Pod has its name: key=value,…'))
    .addOption(namespaceOption('the namespace of the sidecar, where no Pod is named'))
    .addOption(
      new Option('--generator <client>', 'who asks: an envoy, or a grpc client that is its own proxy')
        .choices(['envoy', 'grpc'])
        .default('envoy'),
    )
    .addOption(listOption('--type <types>', 'only these types, joined by commas', types))
    .addOption(loopbackOption())
    .addOption(strictOption())
    .addOption(outputOption())
    .addOption(new Option('--node <name>').hideHelp());
  return addClusterOptions(command).addHelpText('after', translateHelp).action(withStatus(translate));
}

const translateHelp = helpText({
  examples: [
    'sluice translate -f examples/seed --allow-loopback-endpoints',
    'sluice translate -f . --proxy web-7d9f.shop --type cluster,endpoint',
    'sluice translate --kube --proxy web-7d9f.shop',
    'sluice translate -f . --gateway ingress.istio-system --labels istio=ingressgateway',
    "sluice translate -f . -o json | jq '.clusters[] | {name, lb_policy}'",
  ],
  json: [
    '{"clusters": […], "endpoints": […], "listeners": […], "routes": […], "secrets": […]}',
    "Each entry is the resource in Envoy's own JSON (snake_case, @type in every Any), sorted by name.",
    'With --type the lists of other types are empty.',
  ],
  notes: ['Diagnostics go to standard error; what could be translated is printed all the same.'],
  exit: [
    '0  no errors',
    '1  errors; with --strict, warnings too',
    '2  wrong usage, or a path or Pod that does not exist',
  ],
});

async function translate(flags: TranslateFlags): Promise<ExitStatus> {
  for (const name of laterOptions) {
    if (flags[name] !== undefined) throw new UsageError(`--${name} is not there yet: it comes with a later version`);
  }
  const [{ inputOf }, { Translator }, { anySidecar, gatewayOf, sidecarOf }] = await Promise.all([
    import('./input-or-cluster.ts'),
    import('../translate/translator.ts'),
    import('./translate/proxy.ts'),
  ]);
  const { objects, diagnostics, lineOf } = await inputOf(flags);
  const translator = new Translator({ allowLoopbackEndpoints: flags.allowLoopbackEndpoints ?? false });
  const mesh = translator.resolve(objects);
  const { proxy, gateway, labels, namespace, generator } = flags;
  if (labels !== undefined && gateway === undefined) throw new UsageError('--labels are those of a --gateway');
  const node: ProxyNode =
    gateway !== undefined
      ? gatewayOf(mesh.value, gateway, labels ?? '')
      : proxy === undefined
        ? anySidecar(namespace, generator)
        : sidecarOf(mesh.value, proxy, generator);
  const emitted = translator.emit(mesh.value, translator.group(mesh.value, node));
  const findings = locateDiagnostics([...diagnostics, ...mesh.diagnostics, ...emitted.diagnostics], objects);
  await printResources(flags, emitted.value);
  if (findings.length > 0) {
    process.stderr.write(`${formatFindings(findings, lineOf, process.stderr)}${countFindings(findings)}\n`);
  }
  return statusOfFindings(findings, flags.strict ?? false);
}

async function printResources(flags: TranslateFlags, resources: Resources): Promise<void> {
  const wanted: readonly Type[] = flags.type ?? types;
  const list = (type: keyof Resources): readonly XdsResource[] =>
    wanted.includes(type) ? sortedBy(resources[type].values(), ({ name }) => name) : [];
  const lists = {
    clusters: list('cluster'),
    endpoints: list('endpoint'),
    listeners: list('listener'),
    routes: list('route'),
    secrets: [],
  };
  const { resourceTables } = await import('./translate/tables.ts');
  const json = Object.fromEntries(Object.entries(lists).map(([name, all]) => [name, all.map((each) => each.json)]));
  await printData(flags.output, json, () => resourceTables(lists));
}
