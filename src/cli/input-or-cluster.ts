// The objects of files, of a Kubernetes API, or of both.
import type { InputFlags } from './cluster-options.ts';
import { UsageError } from './command.ts';
import { type Input, readInput } from './input.ts';

const nothing: Input = { objects: new Map(), diagnostics: [], lineOf: () => undefined };

/** Throws UsageError where neither is named, or what is named cannot be read. */
export async function inputOf({ filename, kube = false, kubeconfig, context }: InputFlags): Promise<Input> {
  if (filename === undefined && !kube) throw new UsageError('say what to read: -f FILE, -f DIR, -f - or --kube');
  if (!kube && (kubeconfig !== undefined || context !== undefined)) {
    throw new UsageError('--kubeconfig and --context are of use with --kube only');
  }
  const files = filename === undefined ? nothing : await readInput(filename);
  if (!kube) return files;
  const { readCluster } = await import('./read-cluster.ts');
  const there = await readCluster({ path: kubeconfig ?? null, context: context ?? null });
  return { ...files, objects: new Map([...there, ...files.objects]) };
}
