// Options that several commands take, each declared once.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { defaultNamespace } from '../model/names.ts';

const collect = (value: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  value,
];

/** `-f FILE|DIR|-`, repeatable. */
export function filenameOption(): Option {
  return new Option('-f, --filename <path>', 'a YAML file, a folder of them, or - for standard input; repeatable')
    .argParser(collect)
    .makeOptionMandatory();
}

export const outputFormats = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];
/** Of commands whose table has more columns if asked. */
export type WideOutputFormat = OutputFormat | 'wide';

export function outputOption(more: readonly string[] = []): Option {
  const [table, ...others] = outputFormats;
  return new Option('-o, --output <format>', 'how to print the data')
    .choices([table, ...more, ...others])
    .default('table');
}

/** `--server URL`: a running control plane. */
export function serverOption(): Option {
  const address = 'http://127.0.0.1:15014';
  return new Option('--server <url>', "the control plane's HTTP address")
    .default(address)
    .argParser((value: string) => {
      const url = /^[^/]*:\/\//.test(value) ? value : `http://${value}`;
      if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
      throw new InvalidArgumentError(`It is written as ${address}, or without http://.`);
    });
}

export function namespaceOption(description: string): Option {
  return new Option('-n, --namespace <name>', description).default(defaultNamespace);
}

export function strictOption(): Option {
  return new Option('--strict', 'exit with 1 for warnings too');
}

export function loopbackOption(): Option {
  return new Option(
    '--allow-loopback-endpoints',
    'accept endpoints at 127.0.0.0/8 and the like: for trying things out on one machine',
  );
}

/** A comma-separated list of words out of `choices`; repeatable. */
export function listOption<T extends string>(flags: string, description: string, choices: readonly T[]): Option {
  return new Option(flags, description)
    .choices(choices)
    .argParser((value: string, previous: readonly T[] | undefined) => {
      const words = value.split(',').map((word) => {
        const known = choices.find((choice) => choice === word.trim());
        if (known === undefined) throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
        return known;
      });
      return [...(previous ?? []), ...words];
    });
}

/** A whole number from `least` on. */
export function countOption(flags: string, description: string, least: number): Option {
  return new Option(flags, description).argParser((value: string) => {
    const count = Number(value);
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(count) || count < least) {
      throw new InvalidArgumentError(`It takes a whole number from ${least} on.`);
    }
    return count;
  });
}

/** An object in a namespace. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** For options that are written as NAMESPACE/NAME. */
export function parseNamespacedName(text: string): NamespacedName {
  const [namespace = '', name = '', ...rest] = text.split('/');
  if (namespace !== '' && name !== '' && rest.length === 0) return { namespace, name };
  throw new InvalidArgumentError('It is written as NAMESPACE/NAME.');
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** For options that are written as 90s or 24h; in milliseconds. */
export function parseDuration(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})(ms|s|m|h)$/.exec(text) ?? [];
  const duration = Number(count) * (units[unit] ?? 0);
  if (duration > 0) return duration;
  throw new InvalidArgumentError('It is written as 24h, 90m, 600s or 500ms.');
}

/** `--kubeconfig` and `--context`: how a Kubernetes API is reached. */
export function addKubeconfigOptions(command: Command): Command {
  return command
    .option('--kubeconfig <path>', 'how it is reached (default: KUBECONFIG, ~/.kube/config, or in a pod its account)')
    .option('--context <name>', 'which context of the kubeconfig (default: the current one)');
}
