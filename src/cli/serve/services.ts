// The gRPC services that are served beside ADS on the same port.

import type { ControlPlane } from '../../control-plane.ts';
import type { ServiceContext } from '../../xds/server.ts';
import { certificateService, type IssueCertificate } from '../../xds/services/certificates.ts';
import { clientStatusService, type RefusedResource } from '../../xds/services/client-status.ts';
import { healthService } from '../../xds/services/health.ts';
import { type LoadReport, type LoadReportOptions, loadReports } from '../../xds/services/load-reports.ts';
import { openCalls } from '../../xds/services/open-calls.ts';
import { reflectionServices } from '../../xds/services/reflection.ts';
import { type OnFault, serviceName } from '../../xds/services/service.ts';
import type { StreamStatus } from '../../xds/stream-status.ts';
import type { XdsService } from '../../xds/transport/relay.ts';

export interface ServicesOptions {
  readonly refusals?: ControlPlane['refusals'];
  readonly onFault?: OnFault;
  readonly load?: Pick<LoadReportOptions, 'interval' | 'onReport'>;
  /** Signs keys of workloads; without it there is no such service. */
  readonly issue?: IssueCertificate;
}

export interface Services {
  /** Gives them to a server, once. */
  serve(context: ServiceContext): readonly XdsService[];
  /** The proxies' streams on that server. */
  streams(): readonly StreamStatus[];
  /** The last load report of every proxy that sends them. */
  loadReports(): readonly LoadReport[];
  /** What gRPC's health service says; not serving to begin with. */
  setServing(serving: boolean): void;
  /** Says that it is over, and ends all streams of these services. */
  close(): Promise<void>;
}

const ads = 'envoy.service.discovery.v3.AggregatedDiscoveryService';

/** CSDS, LRS, certificates, health and reflection. */
export function createServices({ refusals = () => [], load, issue, onFault = () => {} }: ServicesOptions): Services {
  let server: ServiceContext | null = null;
  const streams: Services['streams'] = () => server?.streams() ?? [];
  const callerOf: ServiceContext['callerOf'] = (metadata) => server?.callerOf(metadata) ?? null;
  const refused = (nodeId: string): readonly RefusedResource[] =>
    refusals(nodeId).flatMap(({ kind, resource }) => (resource === null ? [] : [{ kind, ...resource }]));
  const loads = loadReports({ ...load, callerOf, onFault });
  const described = [
    clientStatusService({ streams, callerOf, refusals: refused, onFault }),
    loads.service,
    ...(issue === undefined ? [] : [certificateService({ issue, callerOf, onFault })]),
  ];
  const names = [ads, ...described.map(serviceName)];
  const health = healthService(names);
  const reflection = reflectionServices([...names, serviceName(health.service)], [health.service], onFault);
  const open = openCalls([...described, health.service, ...reflection]);
  return {
    serve: (context) => {
      server = context;
      return open.services;
    },
    streams,
    loadReports: () => loads.reports(),
    setServing: (serving) => health.setServing(serving),
    close: async () => {
      health.setServing(false);
      open.end();
    },
  };
}
