// A Kubernetes API as the control plane's source: what is logged and counted of it.
import { kubeAccess, UnusableKubeconfig } from '../../kube/access.ts';
import { KubeApi } from '../../kube/api.ts';
import { type KubeEvent, KubeSource } from '../../sources/kube/kube-source.ts';
import { wantedKinds } from '../../sources/kube/wanted.ts';
import { UsageError } from '../command.ts';
import type { KubeOptions } from './kube-options.ts';

import type { Log } from './log.ts';
import type { KubeMetrics } from './metrics/kube-metrics.ts';

/** An API that does not answer is waited for. */
export function kubeSource(api: KubeApi, log: Log, metrics: KubeMetrics): KubeSource {
  log.info({ server: api.server }, 'reading a Kubernetes API');
  const say = kubeLog(log);
  return new KubeSource({
    api,
    wanted: wantedKinds,
    onEvent: (event) => {
      metrics.onEvent(event);
      say(event);
    },
  });
}

/** Throws UsageError where the kubeconfig cannot be used. */
export function reachKube(options: KubeOptions): KubeApi {
  try {
    return new KubeApi(() => kubeAccess(options));
  } catch (error) {
    if (error instanceof UnusableKubeconfig) throw new UsageError(`${error.message} (--kubeconfig, --context)`);
    throw error;
  }
}

/** What fails again for the same reason is not repeated. */
function kubeLog(log: Log): (event: KubeEvent) => void {
  const failing = new Map<string, string>();
  const failed = (key: string, reason: string, fields: object, message: string): void => {
    const level = failing.get(key) === reason ? 'debug' : 'warn';
    failing.set(key, reason);
    log[level]({ ...fields, reason }, message);
  };
  return (event) => {
    switch (event.kind) {
      case 'heard':
      case 'listed': {
        const { resource } = event;
        if (failing.delete(resource)) log.info({ resource }, 'the API answers again');
        if (event.kind === 'listed') log.debug({ resource, objects: event.objects, again: event.again }, 'listed');
        return;
      }
      case 'found':
      case 'gone':
        return log.info({ resource: event.resource }, `the API has ${event.kind === 'found' ? 'got' : 'lost'} a kind`);
      case 'undiscovered':
        return failed('', event.reason, { again: event.again / 1000 }, 'the API does not say which kinds it has');
      case 'failed': {
        const { resource, reason, status, again } = event;
        const fields = { resource, status, again: again / 1000 };
        return failed(resource, reason, fields, status === 403 ? forbidden : 'the API could not be read or watched');
      }
    }
  };
}

const forbidden = 'the account may not list and watch this kind: give it a ClusterRole that allows it';
