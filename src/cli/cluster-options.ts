// Options of commands that look at files, at a Kubernetes API, or at files in the place of what an API has.
import type { Command } from 'commander';
import { addKubeconfigOptions, filenameOption } from './options.ts';

export interface InputFlags {
  readonly filename?: readonly string[];
  readonly kube?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Adds them to the command. */
export function addClusterOptions(command: Command): Command {
  command
    .addOption(filenameOption().makeOptionMandatory(false))
    .option('--kube', 'what a Kubernetes API has; objects of -f are put in the place of those that it has');
  return addKubeconfigOptions(command);
}
