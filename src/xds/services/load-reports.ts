// LRS: proxies tell how much they have sent where (envoy.service.load_stats.v3.LoadReportingService). The last report of
// every stream is kept, bounded, as long as the stream lasts. Nothing is decided by it.
import { type handleBidiStreamingCall, status } from '@grpc/grpc-js';
import { messageType } from '../../envoy/descriptors.ts';
import { readNode } from '../../envoy/node.ts';
import { partialMessage } from '../../envoy/wire.ts';
import { lazy } from '../../lib/memo.ts';
import type { WorkloadIdentity } from '../../model/identity.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import type { XdsService } from '../transport/relay.ts';
import { type CallerOf, CallRefusal, callError, grpcService, identityOf, type OnFault } from './service.ts';

export interface LoadReportOptions {
  readonly callerOf: CallerOf;
  /** How often proxies report, in milliseconds; 10 s where nothing is said. */
  readonly interval?: number;
  /** Told of every report that was taken. */
  readonly onReport?: (report: LoadReport) => void;
  readonly onFault?: OnFault;
}

/** What one proxy has sent to one locality of one cluster since its report before. */
export interface LocalityLoad {
  readonly cluster: string;
  /** `region/zone/subzone`; empty where an endpoint has none, or where requests were dropped before one was chosen. */
  readonly locality: string;
  readonly issued: number;
  readonly inProgress: number;
  readonly errors: number;
  readonly dropped: number;
}

export interface LoadReport {
  readonly node: ProxyNode;
  readonly receivedAt: Date;
  readonly loads: readonly LocalityLoad[];
  /** How many clusters and localities were left out, for there were too many. */
  readonly leftOut: number;
}

export interface LoadReports {
  readonly service: XdsService;
  /** The last report of every stream that has sent one. */
  reports(): readonly LoadReport[];
}

/** So many clusters of a report are read, so many localities of a report kept, so many characters of a name. */
const limits = { clusters: 5_000, loads: 10_000, name: 512 } as const;

/** envoy.service.load_stats.v3.LoadStatsRequest, taken apart as far as it is read. */
interface StatsRequest {
  readonly node: Uint8Array;
  readonly cluster_stats: readonly Uint8Array[];
}

const requestReader = lazy(() =>
  partialMessage('envoy.service.load_stats.v3.LoadStatsRequest', [], ['node', 'cluster_stats']),
);

/** The service, and what it has been told. */
export function loadReports(options: LoadReportOptions): LoadReports {
  const { callerOf, interval = 10_000, onReport = () => {}, onFault = () => {} } = options;
  const reports = new Map<object, LoadReport>();
  const handler: handleBidiStreamingCall<StatsRequest, object> = (call) => {
    let node: ProxyNode | null = null;
    call.on('data', (request: StatsRequest) => {
      try {
        if (node === null) {
          node = introduce(request, identityOf(callerOf, call));
          call.write(instructions(interval));
        } else {
          const report = readReport(node, request.cluster_stats);
          reports.set(call, report);
          onReport(report);
        }
      } catch (error) {
        call.emit('error', callError(error, onFault));
      }
    });
    const forget = (): boolean => reports.delete(call);
    call.on('end', () => {
      forget();
      call.end();
    });
    for (const event of ['cancelled', 'close', 'error']) call.on(event, forget);
  };
  const read = (bytes: Uint8Array): StatsRequest => requestReader().decode(bytes) as unknown as StatsRequest;
  const service = grpcService('envoy.service.load_stats.v3.LoadReportingService', read, { StreamLoadStats: handler });
  return { service, reports: () => [...reports.values()] };
}

/** envoy.service.load_stats.v3.LoadStatsResponse: all clusters, by locality. */
function instructions(interval: number): object {
  const load_reporting_interval = { seconds: Math.floor(interval / 1000), nanos: (interval % 1000) * 1_000_000 };
  return { send_all_clusters: true, load_reporting_interval };
}

/** The proxy of a stream: the first request names it, and with an identity it is of the caller's namespace. */
function introduce({ node }: StatsRequest, caller: WorkloadIdentity | null): ProxyNode {
  const outcome = readNode(node);
  if (outcome.kind === 'refused') throw new CallRefusal(status.INVALID_ARGUMENT, outcome.reason);
  if (caller !== null && caller.namespace !== outcome.node.namespace) {
    throw new CallRefusal(status.PERMISSION_DENIED, 'the node is of another namespace than the certificate');
  }
  return outcome.node;
}

/** The fields of envoy.config.endpoint.v3.ClusterStats that are read; 64-bit numbers come as protobufjs' Long. */
interface ClusterStats {
  readonly cluster_name: string;
  readonly total_dropped_requests: unknown;
  readonly upstream_locality_stats: readonly LocalityStats[];
}
interface LocalityStats {
  readonly locality: { readonly region: string; readonly zone: string; readonly sub_zone: string } | null;
  readonly total_issued_requests: unknown;
  readonly total_requests_in_progress: unknown;
  readonly total_error_requests: unknown;
}

function readReport(node: ProxyNode, clusters: readonly Uint8Array[]): LoadReport {
  const type = messageType('envoy.config.endpoint.v3.ClusterStats');
  const read = clusters.slice(0, limits.clusters);
  const all = read.flatMap((bytes) => clusterLoads(type.decode(bytes) as unknown as ClusterStats));
  const loads = all.slice(0, limits.loads);
  const leftOut = clusters.length - read.length + all.length - loads.length;
  return { node, receivedAt: new Date(), loads, leftOut };
}

const count = (value: unknown): number => Number(String(value));

function clusterLoads(stats: ClusterStats): readonly LocalityLoad[] {
  const cluster = stats.cluster_name.slice(0, limits.name);
  const dropped = count(stats.total_dropped_requests);
  const loads = stats.upstream_locality_stats.map((each) => ({
    cluster,
    locality: localityText(each.locality),
    issued: count(each.total_issued_requests),
    inProgress: count(each.total_requests_in_progress),
    errors: count(each.total_error_requests),
    dropped: 0,
  }));
  if (dropped === 0) return loads;
  return [...loads, { cluster, locality: '', issued: 0, inProgress: 0, errors: 0, dropped }];
}

function localityText(locality: LocalityStats['locality']): string {
  if (locality === null) return '';
  const { region, zone, sub_zone } = locality;
  const parts = [region, zone, sub_zone].filter((part) => part !== '');
  return parts.join('/').slice(0, limits.name);
}
