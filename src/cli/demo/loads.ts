// Loads that backends report of themselves, for policies that weigh them by it.
import type { Backends } from './backends.ts';
import { backendNames, type Target } from './targets.ts';

/** How busy the first backend says it is, and how busy the others, between 0 and 1. */
const busy = 0.9;
const idle = 0.3;

/**
 * The header in which a backend reports its load with an answer (ORCA, xds.data.orca.v3.OrcaLoadReport). Envoy's weight
 * for it is its requests per second divided by its utilization.
 */
export function loadHeaders(utilization: number, requestsPerSecond: number): Readonly<Record<string, string>> {
  const report = `TEXT application_utilization=${utilization},rps_fractional=${requestsPerSecond}`;
  return { 'endpoint-load-metrics': report };
}

/** Where utilization decides, the first backend reports three times the load of the others. */
export function reportLoads({ targets, backends }: { targets: readonly Target[]; backends: Backends }): void {
  for (const target of targets.filter(({ policy }) => policy.lb.kind === 'backend-utilization')) {
    for (const [index, name] of backendNames(target).entries()) {
      backends.behave(name, { headers: loadHeaders(index === 0 ? busy : idle, 100) });
    }
  }
}
