// `sluice analyze`: objects together, and how they are balanced.
import { Command, InvalidArgumentError, Option } from 'commander';
import { isKnown, readSuppression, type Suppression, withoutSuppressed } from '../inspect/analyze/suppress.ts';
import { sortedBy } from '../lib/sorted.ts';
import { type Diagnostic, distinct } from '../model/diagnostic.ts';
import type { Severity } from '../model/diagnostic-codes.ts';
import type { Mesh } from '../model/mesh.ts';
import { defaultNamespace } from '../model/names.ts';
import type { ObjectSet } from '../model/object.ts';
import type { Translator } from '../translate/translator.ts';
import { addClusterOptions, type InputFlags } from './cluster-options.ts';
import { type ExitStatus, helpText, withStatus } from './command.ts';
import { countFindings, type Finding, formatFindings, locateDiagnostics } from './diagnostics.ts';
import { loopbackOption, type OutputFormat, outputOption, strictOption } from './options.ts';
import { printData } from './output.ts';

/** From the worst. */
const severities = ['error', 'warning', 'info'] as const satisfies readonly Severity[];

interface AnalyzeFlags extends InputFlags {
  readonly namespace?: string;
  readonly suppress?: readonly Suppression[];
  readonly minSeverity: Severity;
  readonly failOn: Severity;
  readonly strict?: boolean;
  readonly allowLoopbackEndpoints?: boolean;
  readonly output: OutputFormat;
}

export function analyzeCommand(): Command {
  const command = new Command('analyze')
    .helpGroup('Before a change:')
    .summary('check objects together: broken references, routes never met, settings that do not balance')
    .description(
      'Reads YAML as the control plane does, resolves it, and says what is wrong with the objects together: references ' +
        'that lead nowhere, routes that are never met, and settings of balancing that do less than they seem to. What ' +
        'validate says of each object on its own is said too. Nothing is run.',
    )
    .addOption(new Option('-n, --namespace <name>', 'only what concerns objects of this namespace'))
    .addOption(suppressOption())
    .addOption(severityOption('--min-severity <severity>', 'show nothing that matters less', 'info'))
    .addOption(severityOption('--fail-on <severity>', 'exit with 1 for this and what matters more', 'error'))
    .addOption(strictOption())
    .addOption(loopbackOption())
    .addOption(outputOption());
  return addClusterOptions(command).addHelpText('after', analyzeHelp).action(withStatus(analyzeInput));
}

function severityOption(flags: string, description: string, usual: Severity): Option {
  return new Option(flags, description).choices(severities).default(usual);
}

function suppressOption(): Option {
  const description =
    'leave out a code: CODE, or "CODE=Kind name.namespace" for some objects; * stands for anything; repeatable';
  return new Option('-S, --suppress <code>', description).argParser(
    (value: string, previous: readonly Suppression[] | undefined) => {
      const suppression = readSuppression(value);
      if (suppression === null) throw new InvalidArgumentError('It is written as CODE or "CODE=Kind name.namespace".');
      if (!isKnown(suppression.code)) throw new InvalidArgumentError(`No code is ${suppression.code}.`);
      return [...(previous ?? []), suppression];
    },
  );
}

const analyzeHelp = helpText({
  examples: [
    'sluice analyze -f examples/seed --allow-loopback-endpoints',
    'sluice analyze -f . --min-severity warning --fail-on warning',
    'sluice analyze -f . -S SLC0661 -S "SLC06*=DestinationRule *.legacy"',
    'sluice analyze --kube -n shop',
    'sluice analyze --kube -f new-rule.yaml --fail-on warning',
    'kubectl get svc,endpointslices,pods,destinationrules,virtualservices -A -o yaml | sluice analyze -f -',
    "sluice analyze -f . -o json | jq '.diagnostics[] | {code, object, line}'",
  ],
  json: [
    '{"objects": 3, "suppressed": 0, "diagnostics": [{"code": "SLC0602", "severity": "error|warning|info", "message",',
    '  "fix", "object": {"kind", "namespace", "name"} or null, "path", "file", "line", "column"}]}',
    'file, line and column are null where they are not known.',
  ],
  notes: [
    "'sluice codes CODE' explains a code; codes of istioctl analyze (IST0173) are understood here and there.",
    'An object is left alone by the annotation sluice.dev/analyze-suppress: "SLC0661,SLC0607", or "*" for all codes;',
    'galley.istio.io/analyze-suppress does the same.',
    '--min-severity only hides: --fail-on counts what is hidden too. --strict is --fail-on warning.',
  ],
  exit: [
    '0  nothing that matters',
    '1  errors, or what --fail-on names',
    '2  wrong usage, or a path that does not exist',
  ],
});

async function analyzeInput(flags: AnalyzeFlags): Promise<ExitStatus> {
  const { objects, diagnostics: read, lineOf } = await (await import('./input-or-cluster.ts')).inputOf(flags);
  const all = [...read, ...(await diagnosticsOf(objects, flags.allowLoopbackEndpoints ?? false))];
  const wanted = withoutSuppressed(distinct(all), objects, flags.suppress ?? []);
  const findings = locateDiagnostics(wanted, objects).filter(({ object }) => isOf(object, flags.namespace));
  const least = severities.indexOf(flags.minSeverity);
  const shown = findings.filter(({ severity }) => severities.indexOf(severity) <= least);
  const summary = { objects: objects.size, suppressed: distinct(all).length - wanted.length };
  await printData(flags.output, { ...summary, diagnostics: shown }, () => {
    const hidden = findings.length - shown.length;
    return `${formatFindings(shown, lineOf, process.stdout)}${summarize(shown, { ...summary, hidden })}`;
  });
  return statusOf(findings, flags);
}

/** What decoding, translation and all checks have to say. */
async function diagnosticsOf(objects: ObjectSet, allowLoopbackEndpoints: boolean): Promise<readonly Diagnostic[]> {
  const [{ Translator }, { analyze }] = await Promise.all([
    import('../translate/translator.ts'),
    import('../inspect/analyze/analyze.ts'),
  ]);
  const translator = new Translator({ allowLoopbackEndpoints });
  const { value: mesh, diagnostics: resolved } = translator.resolve(objects);
  const emitted = await emittedOf(translator, mesh);
  return [...resolved, ...emitted, ...analyze(objects, mesh)];
}

/** What is to be said of the configuration of a sidecar, and of every kind of gateway. */
async function emittedOf(translator: Translator, mesh: Mesh): Promise<readonly Diagnostic[]> {
  const [{ emitResources }, { sightOf }, { anySidecar, gatewayAs }, { gatewayWorkloads }] = await Promise.all([
    import('../translate/emit/resources.ts'),
    import('../translate/resolve/sight.ts'),
    import('./translate/proxy.ts'),
    import('../inspect/analyze/gateway-workloads.ts'),
  ]);
  const nodes = [
    anySidecar(defaultNamespace, 'envoy'),
    ...gatewayWorkloads(mesh).map(({ pod, namespace, labels }) => gatewayAs(mesh, pod ?? `any.${namespace}`, labels)),
  ];
  const groups = new Set(nodes.map((node) => translator.group(mesh, node)));
  // Not encoded: nothing is sent, and what is wrong is known before.
  return [...groups].flatMap((group) => emitResources(sightOf(mesh, group), group).diagnostics);
}

/** Objects of the whole cluster, and files that are none, concern every namespace. */
function isOf(object: Finding['object'], namespace: string | undefined): boolean {
  return namespace === undefined || object === null || object.namespace === '' || object.namespace === namespace;
}

function statusOf(findings: readonly Finding[], { failOn, strict = false }: AnalyzeFlags): ExitStatus {
  const least = Math.max(severities.indexOf(failOn), strict ? severities.indexOf('warning') : 0);
  return findings.some(({ severity }) => severities.indexOf(severity) <= least) ? 1 : 0;
}

interface Summary {
  readonly objects: number;
  readonly suppressed: number;
  readonly hidden: number;
}

function summarize(shown: readonly Finding[], { objects, suppressed, hidden }: Summary): string {
  const counted = objects === 1 ? '1 object' : `${objects} objects`;
  const apart = [
    ...(hidden > 0 ? [`${hidden} hidden by --min-severity`] : []),
    ...(suppressed > 0 ? [`${suppressed} suppressed`] : []),
  ];
  const found = countFindings(shown) || 'nothing to say';
  const more = apart.length === 0 ? '' : ` (${apart.join(', ')})`;
  const [worst] = sortedBy(shown, ({ severity }) => String(severities.indexOf(severity)));
  const hint = worst === undefined ? '' : `'sluice codes ${worst.code}' explains a code and what to do\n`;
  return `${counted}: ${found}${more}\n${hint}`;
}
