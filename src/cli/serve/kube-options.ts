// Options of `sluice serve` about a Kubernetes API.
import type { Command } from 'commander';
import { UsageError } from '../command.ts';

export interface KubeFlags {
  readonly kube?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface KubeOptions {
  /** Of the kubeconfig; null: the usual one, or the service account of this pod. */
  readonly path: string | null;
  readonly context: string | null;
}

/** Adds the options to the command. */
export function addKubeOptions(command: Command): Command {
  return command
    .option('--kube', 'read a Kubernetes API, and watch it')
    .option('--kubeconfig <path>', 'how it is reached (default: KUBECONFIG, ~/.kube/config, or in a pod its account)')
    .option('--context <name>', 'which context of the kubeconfig (default: the current one)');
}

/** Null: no API. Throws UsageError. */
export function kubeOptions({ kube, kubeconfig, context }: KubeFlags): KubeOptions | null {
  if (kube === true) return { path: kubeconfig ?? null, context: context ?? null };
  const alone = kubeconfig !== undefined ? '--kubeconfig' : context !== undefined ? '--context' : null;
  if (alone !== null) throw new UsageError(`${alone} is of use with --kube only`);
  return null;
}
