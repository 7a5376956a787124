// Injection and validation, counted under the names that Istio's dashboards know.
import { Counter, type Registry } from 'prom-client';
import type { InjectionKind } from '../../../inject/pod/pod.ts';

export interface InjectionMetrics {
  /** A pod was asked about; `none`: it is no pod that is made. */
  onInject(kind: InjectionKind | 'none'): void;
  onValidate(allowed: boolean): void;
  onBadRequest(): void;
}

/** Counters, all at zero. */
export function injectionMetrics(registers: Registry[]): InjectionMetrics {
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const requests = counter('sidecar_injection_requests_total', 'Pods that the injector was asked about.');
  const success = counter('sidecar_injection_success_total', 'Pods that were given a sidecar.');
  const skip = counter('sidecar_injection_skip_total', 'Pods that were left as they are.');
  const failure = counter(
    'sidecar_injection_failure_total',
    'Pods that were refused, and requests that were of no use.',
  );
  const passed = counter('galley_validation_passed', 'Objects that were let in.');
  const failed = counter('galley_validation_failed', 'Objects that were refused.');
  const outcome = { injected: success, 'left-out': skip, none: skip, refused: failure } as const;
  return {
    onInject: (kind) => {
      requests.inc();
      outcome[kind].inc();
    },
    onValidate: (allowed) => (allowed ? passed : failed).inc(),
    onBadRequest: () => failure.inc(),
  };
}
