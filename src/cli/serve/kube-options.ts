// Options of `sluice serve` about a Kubernetes API.
import { type Command, Option } from 'commander';
import { systemNamespace } from '../../model/names.ts';
import { UsageError } from '../command.ts';
import { addKubeconfigOptions, type NamespacedName, parseNamespacedName } from '../options.ts';

export interface KubeFlags {
  readonly kube?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly writeStatus?: boolean;
  readonly lease?: NamespacedName;
}

export interface KubeOptions {
  /** Of the kubeconfig; null: the usual one, or the service account of this pod. */
  readonly path: string | null;
  readonly context: string | null;
  /** Of several replicas its holder writes statuses; null: nothing is written. */
  readonly lease: NamespacedName | null;
}

const usualLease: NamespacedName = { namespace: systemNamespace, name: 'sluice-leader' };

/** Adds the options to the command. */
export function addKubeOptions(command: Command): Command {
  command.option('--kube', 'read a Kubernetes API, and watch it');
  return addKubeconfigOptions(command)
    .option('--write-status', 'write what became of objects into their status, and the roots of the CA into namespaces')
    .addOption(
      new Option(
        '--lease <namespace/name>',
        `which Lease says what replica writes (default: ${usualLease.namespace}/${usualLease.name})`,
      ).argParser(parseNamespacedName),
    );
}

/** Null: no API. Throws UsageError. */
export function kubeOptions(flags: KubeFlags): KubeOptions | null {
  const { kube, kubeconfig, context, writeStatus = false, lease } = flags;
  if (lease !== undefined && !writeStatus) throw new UsageError('--lease is of use with --write-status only');
  if (kube === true) {
    return { path: kubeconfig ?? null, context: context ?? null, lease: writeStatus ? (lease ?? usualLease) : null };
  }
  const names = { '--kubeconfig': kubeconfig, '--context': context, '--write-status': writeStatus || undefined };
  const alone = Object.entries(names).find(([, value]) => value !== undefined)?.[0];
  if (alone !== undefined) throw new UsageError(`${alone} is of use with --kube only`);
  return null;
}
