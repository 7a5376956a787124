// `sluice wait`: until every proxy that needs an object has acknowledged it.
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { isObject, type JsonObject } from '../lib/json.ts';
import { type ExitStatus, helpText, UsageError, withStatus } from './command.ts';
import { addKubeconfigOptions, namespaceOption, parseDuration } from './options.ts';

interface WaitFlags {
  readonly for: WaitFor;
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly timeout: number;
}

const conditions = { accepted: 'Accepted', resolvedrefs: 'ResolvedRefs', programmed: 'Programmed' } as const;
type WaitFor = keyof typeof conditions;

export function waitCommand(): Command {
  const command = new Command('wait')
    .helpGroup('Questions:')
    .summary('wait until every proxy that needs an object has acknowledged it')
    .description(
      'Waits until the status of an object at a Kubernetes API says what is waited for, of the form that the object has now. ' +
        'The control plane writes it: sluice serve --kube --write-status.',
    )
    .argument('<kind/name>', 'the object, such as destinationrule/reviews')
    .addOption(
      new Option('--for <condition>', 'what is waited for').choices(Object.keys(conditions)).default('programmed'),
    )
    .addOption(namespaceOption("the object's namespace"))
    .addOption(
      new Option('--timeout <duration>', 'how long, such as 90s').argParser(parseDuration).default(60_000, '60s'),
    );
  return addKubeconfigOptions(command).addHelpText('after', waitHelp).action(withStatus(wait));
}

const waitHelp = helpText({
  examples: [
    'kubectl apply -f rule.yaml && sluice wait --for=programmed destinationrule/reviews',
    'sluice wait --for=accepted vs/shop -n shop --timeout 10s',
  ],
  notes: [
    'kubectl wait --for=condition=Programmed destinationrule/reviews does the same, also for an older form of it.',
  ],
  exit: ['0  it is so', '1  it is not, after the timeout', '2  wrong usage, or the API does not answer'],
});

async function wait(object: string, flags: WaitFlags): Promise<ExitStatus> {
  const deadline = performance.now() + flags.timeout;
  const ask = await reader(object, flags);
  for (;;) {
    const current = await ask(Math.max(1, deadline - performance.now()));
    const seen = current === null ? 'there is no such object' : judge(current, conditions[flags.for]);
    if (typeof seen !== 'string') {
      process.stdout.write(`${object} is ${flags.for}${seen.message === '' ? '' : `: ${seen.message}`}\n`);
      return 0;
    }
    if (performance.now() + every >= deadline) {
      process.stderr.write(`sluice: ${object} is not ${flags.for}: ${seen}\n`);
      return 1;
    }
    await delay(every);
  }
}

const every = 250;

/** What the condition says; or as text why it is not so yet. */
function judge({ metadata, status }: JsonObject, type: string): { readonly message: string } | string {
  const generation = isObject(metadata) ? metadata['generation'] : undefined;
  const all = isObject(status) && Array.isArray(status['conditions']) ? status['conditions'].filter(isObject) : [];
  const found = all.find((each) => each['type'] === type);
  if (found === undefined)
    return `nobody has written the condition ${type}: is there a sluice serve --kube --write-status?`;
  if (found['observedGeneration'] !== generation) return 'its status is about an older form of it';
  const message = String(found['message'] ?? '');
  return found['status'] === 'True' ? { message } : `${found['reason']}: ${message}`;
}

/** As kubectl knows them. */
const shortNames: Readonly<Record<string, string>> = {
  ...{ AuthorizationPolicy: 'ap', DestinationRule: 'dr', Gateway: 'gw', PeerAuthentication: 'pa', ServiceEntry: 'se' },
  ...{ VirtualService: 'vs', WorkloadEntry: 'we', WorkloadGroup: 'wg' },
};

/** The words for a kind, in lower case. */
function namesOf(kind: string): readonly string[] {
  const names = [kind, `${kind}s`, kind.replace(/y$/, 'ies')].map((each) => each.toLowerCase());
  return [...names, ...(shortNames[kind] === undefined ? [] : [shortNames[kind]])];
}

type Ask = (within: number) => Promise<JsonObject | null>;

/** Throws UsageError for what is no kind, and where the API cannot be asked. */
async function reader(object: string, { namespace, kubeconfig, context }: WaitFlags): Promise<Ask> {
  const [{ ApiError }, { objectPath }, { kindsRead }, { reachKube }] = await Promise.all([
    import('../kube/api.ts'),
    import('../kube/paths.ts'),
    import('../crds/index.ts'),
    import('./serve/kube.ts'),
  ]);
  const [word = '', name = '', ...rest] = object.split('/');
  const asked = word.split('.')[0]?.toLowerCase() ?? '';
  const policies = kindsRead.filter(({ group }) => group.endsWith('.istio.io'));
  const wanted = policies.find(({ kind }) => namesOf(kind).includes(asked));
  if (wanted === undefined || name === '' || rest.length > 0) {
    throw new UsageError(`${object} is no object with a status: write it as destinationrule/NAME`);
  }
  const { group, kind, versions } = wanted;
  const api = reachKube({ path: kubeconfig ?? null, context: context ?? null, lease: null });
  return async (within) => {
    for (const version of versions) {
      const path = objectPath({ kind, namespace, name }, `${group}/${version}`);
      try {
        const idle = Math.ceil(Math.min(within + every, 10_000));
        return await api.json({ path, signal: AbortSignal.timeout(idle), idle });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) continue;
        throw new UsageError(
          `the API at ${api.server} does not answer: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
    return null;
  };
}
