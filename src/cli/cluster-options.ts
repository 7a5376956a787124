// Options of commands that look at files, at a Kubernetes API, or at files in the place of what an API has.
import type { Command } from 'commander';
import { filenameOption } from './options.ts';

export interface InputFlags {
  readonly filename?: readonly string[];
  readonly kube?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Adds them to the command. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(filenameOption().makeOptionMandatory(false))
    .option('--kube', 'what a Kubernetes API has; objects of -f are put in the place of those that it has')
    .option('--kubeconfig <path>', 'how it is reached (default: KUBECONFIG, ~/.kube/config, or in a pod its account)')
    .option('--context <name>', 'which context of the kubeconfig (default: the current one)');
}
