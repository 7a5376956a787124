// `sluice inject`: workloads with the sidecar added.
import { Command, Option } from 'commander';
import type { MeshSettings } from '../inject/pod/mesh-settings.ts';
import { type ExitStatus, helpText, UsageError, withStatus } from './command.ts';
import { countFindings, formatFindings, locateDiagnostics, statusOfFindings } from './diagnostics.ts';
import type { WrittenDocument } from './inject/documents.ts';
import { filenameOption, namespaceOption, strictOption } from './options.ts';

interface InjectFlags {
  readonly filename: readonly string[];
  readonly output: 'yaml' | 'json';
  readonly namespace: string;
  readonly image?: string;
  readonly controlPlane?: string;
  readonly plaintext?: boolean;
  readonly strict?: boolean;
}

export function injectCommand(): Command {
  return new Command('inject')
    .helpGroup('Before a change:')
    .summary('add the sidecar to workloads')
    .description(
      'Reads YAML and prints it with the sidecar added to everything that makes pods: Pods, Deployments, StatefulSets, ' +
        'DaemonSets, ReplicaSets, Jobs, CronJobs, and those in lists. All else is printed as it is, in its order. A pod ' +
        'that cannot have a sidecar is left out, with an error.',
    )
    .addOption(filenameOption())
    .addOption(namespaceOption('the namespace of objects that name none'))
    .option('--image <name>', 'the image of the sidecar (default: sluice)')
    .option('--control-plane <host:port>', 'where the sidecar finds the control plane')
    .option('--plaintext', 'without certificates, so without mutual TLS: for trying things out')
    .addOption(strictOption())
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['yaml', 'json']).default('yaml'))
    .addHelpText('after', injectHelp)
    .action(withStatus(inject));
}

const injectHelp = helpText({
  examples: [
    'sluice inject -f deployment.yaml | kubectl apply -f -',
    'kubectl get deployment web -o yaml | sluice inject -f - | kubectl apply -f -',
    'sluice inject -f app/ -o json | jq .items[].kind',
  ],
  json: ['{"apiVersion": "v1", "kind": "List", "items": […]}: all objects, in their order.'],
  notes: [
    'The label sidecar.istio.io/inject: "false" leaves a pod out; so does the label istio-injection: disabled of a Namespace',
    'that is in the input too. Pods of the host network and of kube-system never have a sidecar.',
    'Who injects twice gets the same as once. Annotations of the pod change its sidecar, as with Istio.',
  ],
  exit: ['0  no errors', '1  errors; with --strict, warnings too', '2  wrong usage, or a path that does not exist'],
});

async function inject(flags: InjectFlags): Promise<ExitStatus> {
  const [{ readTexts, lineLookup }, { injectText }, { namespacesIn }] = await Promise.all([
    import('./input.ts'),
    import('./inject/documents.ts'),
    import('./inject/namespaces.ts'),
  ]);
  const { texts, diagnostics } = await readTexts(flags.filename);
  const mesh = await meshSettings(flags);
  const namespaceOf = namespacesIn(texts, flags.namespace);
  const written = texts.map((text) => injectText(text, { mesh, namespaceOf }));
  const all = [...diagnostics, ...written.flatMap((each) => each.diagnostics)];
  const findings = locateDiagnostics(all, new Map());
  await print(
    flags,
    written.flatMap(({ documents }) => documents),
  );
  process.stderr.write(formatFindings(findings, lineLookup(texts), process.stderr));
  if (findings.length > 0) process.stderr.write(`${countFindings(findings)}\n`);
  return statusOfFindings(findings, flags.strict ?? false);
}

async function meshSettings({ image, controlPlane, plaintext }: InjectFlags): Promise<MeshSettings> {
  const { usualMesh } = await import('../inject/pod/mesh-settings.ts');
  if (controlPlane !== undefined && !/^\S+:\d{1,5}$/.test(controlPlane)) {
    throw new UsageError(`--control-plane is written HOST:PORT, such as ${usualMesh.controlPlane}`);
  }
  return {
    ...usualMesh,
    ...(image !== undefined && { image }),
    ...(plaintext === true && { security: 'plain-text', controlPlane: 'sluice.sluice-system.svc:15010' }),
    ...(controlPlane !== undefined && { controlPlane }),
  };
}

async function print({ output }: InjectFlags, documents: readonly WrittenDocument[]): Promise<void> {
  if (output === 'json') {
    const { printData } = await import('./output.ts');
    const items = documents.map(({ json }) => json);
    await printData('json', { apiVersion: 'v1', kind: 'List', items }, () => '');
    return;
  }
  const { formatYaml } = await import('./format-yaml.ts');
  const texts = documents.map(({ json, text }) => text ?? formatYaml(json));
  process.stdout.write(texts.join('---\n'));
}
