// `sluice install`: prints what runs Sluice in a cluster.
import { Command } from 'commander';
import type { JsonObject } from '../lib/json.ts';
import { type ExitStatus, helpText, UsageError, withStatus } from './command.ts';

interface InstallFlags {
  readonly set?: readonly string[];
  readonly filename?: readonly string[];
  readonly crds?: boolean;
}

export function installCommand(): Command {
  return new Command('install')
    .helpGroup('Run:')
    .summary('print the manifests that run Sluice in a cluster')
    .description(
      'Prints YAML for kubectl: a namespace, the control plane with its rights, and the webhooks that inject sidecars and ' +
        'check policies. Nothing is sent anywhere.',
    )
    .option('--set <key=value...>', 'a value: image, replicas')
    .option(
      '-f, --filename <path...>',
      'YAML files of values; --set counts more, and later files more than earlier ones',
    )
    .option('--crds', "print Istio's CustomResourceDefinitions as well, for clusters that have none")
    .addHelpText('after', installHelp)
    .action(withStatus(install));
}

const installHelp = helpText({
  examples: [
    'sluice install --crds | kubectl apply --server-side -f -',
    'sluice install --set image=example.com/sluice:1 --set replicas=3 | kubectl apply --server-side -f -',
    'sluice install -f values.yaml > sluice.yaml',
  ],
  notes: [
    'Values: image (default: sluice), the image of the control plane and of sidecars; replicas (default: 2).',
    'The webhooks answer only for namespaces with the label istio-injection: enabled and for pods that ask for a sidecar.',
  ],
  exit: ['0  printed', '2  wrong usage, or a file that cannot be read'],
});

async function install({ set = [], filename = [], crds = false }: InstallFlags): Promise<ExitStatus> {
  const [{ readValues }, { installObjects }, { definitionsText }, { formatYaml }] = await Promise.all([
    import('./install/values.ts'),
    import('./install/manifests.ts'),
    import('./install/definitions.ts'),
    import('./format-yaml.ts'),
  ]);
  const values = await readValues(filename, set);
  const text = (object: JsonObject): string => `---\n${formatYaml(object)}`;
  const definitions = crds ? await definitionsText() : '';
  if (definitions === null) {
    throw new UsageError('the CustomResourceDefinitions are not here: run "make build/istio-api/crds.yaml" first');
  }
  process.stdout.write(definitions + installObjects(values).map(text).join(''));
  return 0;
}
