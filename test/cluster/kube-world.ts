// A source over a Kubernetes API, followed as the control plane does.
import { onTestFinished } from 'vitest';
import { kubeAccess } from '../../src/kube/access.ts';
import { KubeApi } from '../../src/kube/api.ts';
import { type KubeEvent, KubeSource } from '../../src/sources/kube/kube-source.ts';
import type { WantedKind } from '../../src/sources/kube/resource.ts';
import type { KubeTimers } from '../../src/sources/kube/timers.ts';
import type { SourceReport } from '../../src/sources/source.ts';
import { ReportLog } from '../sources/report-log.ts';
import type { Cluster, Way } from './cluster.ts';

export const configMaps: WantedKind = { group: '', kind: 'ConfigMap', versions: ['v1'] };
const services: WantedKind = { group: '', kind: 'Service', versions: ['v1'] };
const nodes: WantedKind = { group: '', kind: 'Node', versions: ['v1'], metadataOnly: true };

/** As quick as tests want it. */
const quick: Partial<KubeTimers> = {
  backoff: { first: 20, most: 500 },
  discovery: 200,
};

export interface Followed {
  readonly log: ReportLog;
  readonly events: readonly KubeEvent[];
  /** Resolves once everything was listed. */
  readonly started: Promise<void>;
  close(): Promise<void>;
}

export interface FollowOptions extends Way {
  readonly wanted?: readonly WantedKind[];
  readonly timers?: Partial<KubeTimers>;
  /** What of a report is seen. */
  readonly see?: (report: SourceReport) => SourceReport;
}

/** Begins to follow; it ends with the test. */
export async function followCluster(cluster: Cluster, options: FollowOptions = {}): Promise<Followed> {
  const { wanted = [configMaps, services, nodes], timers, see = (report) => report, ...way } = options;
  const path = await cluster.kubeconfig(way);
  const log = new ReportLog();
  const events: KubeEvent[] = [];
  const source = new KubeSource({
    api: new KubeApi(() => kubeAccess({ path, context: null })),
    wanted,
    onEvent: (event) => events.push(event),
    timers: { ...quick, ...timers },
  });
  const close = (): Promise<void> => source.close();
  onTestFinished(close);
  return { log, events, started: source.start((report) => log.take(see(report))), close };
}
