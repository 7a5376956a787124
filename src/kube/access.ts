// Who the Kubernetes API is, from a kubeconfig or from the service account of this pod.
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { ApiAccess } from './api.ts';

export interface KubeconfigOptions {
  /** Null: KUBECONFIG, ~/.kube/config, or where there is none the service account of this pod. */
  readonly path: string | null;
  /** Null: the one that is current. */
  readonly context: string | null;
}

/** The kubeconfig cannot be used. The message is one line that says what to do. */
export class UnusableKubeconfig extends Error {}

/** Reads the kubeconfig. Throws UnusableKubeconfig. */
export function kubeAccess({ path, context }: KubeconfigOptions): ApiAccess {
  const config = load(path);
  if (context !== null) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(context)) throw new UnusableKubeconfig(`there is no context ${context}: ${known.join(', ')}`);
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new UnusableKubeconfig('the kubeconfig names no cluster that is current: choose a context');
  if (!URL.canParse(cluster.server) || new URL(cluster.server).protocol !== 'https:') {
    throw new UnusableKubeconfig(`${cluster.server} is no API that is reached over TLS: name a kubeconfig`);
  }
  return { server: cluster.server, secure: (options: RequestOptions) => config.applyToHTTPSOptions(options) };
}

function load(path: string | null): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path === null) config.loadFromDefault();
    else config.loadFromFile(path);
    return config;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnusableKubeconfig(`the kubeconfig cannot be read: ${reason}`);
  }
}
