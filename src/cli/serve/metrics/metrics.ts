// What GET /metrics answers: everything that happens on streams and at publications, counted for Prometheus.
//
// Invariant: labels take values from short lists of ours, never from what a proxy or a user wrote.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ControlPlane } from '../../../control-plane.ts';
import type { XdsEvent } from '../../../xds/xds-event.ts';
import { version } from '../../version.ts';
import { type CertificateMetrics, certificateMetrics } from './certificate-metrics.ts';
import { type InjectionMetrics, injectionMetrics } from './injection-metrics.ts';
import { type KubeMetrics, kubeMetrics } from './kube-metrics.ts';
import { publicationMetrics } from './publication-metrics.ts';
import { xdsMetrics } from './xds-metrics.ts';

export interface Metrics {
  readonly contentType: string;
  /** All metrics in Prometheus' text format. */
  text(): Promise<string>;
  onXdsEvent(event: XdsEvent): void;
  readonly certificates: CertificateMetrics;
  readonly injection: InjectionMetrics;
  readonly kube: KubeMetrics;
  /** A turn of the loop failed. */
  onFault(): void;
  /** Counts every publication from now on. */
  follow(controlPlane: ControlPlane): void;
}

/** Metrics of this process, all at zero. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Those of the process: processor time, memory, and how late the event loop is.
  collectDefaultMetrics({ register: registry });
  // Of two scrapes close to each other they are no numbers in the second.
  for (const name of ['min', 'mean', 'stddev']) registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
  new Gauge({ name: 'sluice_build', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  const faults = new Counter({
    name: 'pilot_total_xds_internal_errors',
    help: 'Faults of Sluice: streams that one ended, and turns of the loop that failed.',
    registers,
  });
  const onPublication = publicationMetrics(registers);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    onXdsEvent: xdsMetrics(registers, faults),
    certificates: certificateMetrics(registers),
    injection: injectionMetrics(registers),
    kube: kubeMetrics(registers),
    onFault: () => faults.inc(),
    follow: (controlPlane) => {
      controlPlane.onPublish(onPublication);
    },
  };
}
