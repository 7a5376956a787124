// The Kubernetes API as a source, counted by kind.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { KubeEvent } from '../../../sources/kube/kube-source.ts';

export interface KubeMetrics {
  onEvent(event: KubeEvent): void;
}

/** Empty until there is an API. */
export function kubeMetrics(registers: Registry[]): KubeMetrics {
  const labelNames = ['resource'] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  const lists = counter('sluice_kube_lists_total', 'How often all objects of a kind were listed.');
  const failures = counter('sluice_kube_failures_total', 'Lists and watches that failed.');
  const heard = new Map<string, number>();
  new Gauge({
    name: 'sluice_kube_watch_age_seconds',
    help: 'How long ago something was last heard of a kind; a bookmark comes every minute.',
    labelNames,
    registers,
    collect() {
      for (const [resource, at] of heard) this.set({ resource }, (performance.now() - at) / 1000);
    },
  });
  return {
    onEvent: (event) => {
      if (event.kind === 'undiscovered' || event.kind === 'found') return;
      const { kind, resource } = event;
      if (kind === 'failed') return failures.inc({ resource });
      if (kind === 'listed') lists.inc({ resource });
      if (kind === 'gone') heard.delete(resource);
      else heard.set(resource, performance.now());
    },
  };
}
