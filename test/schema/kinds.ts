// What the walk knows of each kind of Istio's API. A kind that is read needs a case in kinds/; one that is not stands in
// `unread` until it is.
import type { KindCase } from './kind-case.ts';
import { authorizationPolicy } from './kinds/authorization-policy.ts';
import { destinationRule } from './kinds/destination-rule.ts';
import { gateway } from './kinds/gateway.ts';
import { peerAuthentication } from './kinds/peer-authentication.ts';
import { serviceEntry } from './kinds/service-entry.ts';
import { sidecar } from './kinds/sidecar.ts';
import { virtualService } from './kinds/virtual-service.ts';
import { workloadEntry } from './kinds/workload-entry.ts';

export const cases: Readonly<Record<string, KindCase>> = {
  AuthorizationPolicy: authorizationPolicy,
  DestinationRule: destinationRule,
  Gateway: gateway,
  PeerAuthentication: peerAuthentication,
  ServiceEntry: serviceEntry,
  Sidecar: sidecar,
  VirtualService: virtualService,
  WorkloadEntry: workloadEntry,
};

const extensions = 'comes with extensions of filter chains';

/** Objects of these kinds are answered with SLC0005 or SLC0108 as a whole; why, for the page of fields. */
export const unread: Readonly<Record<string, string>> = {
  EnvoyFilter: extensions,
  ProxyConfig: 'comes with the settings of proxies',
  RequestAuthentication: 'comes with the checking of tokens',
  Telemetry: 'comes with logs, metrics and traces',
  TrafficExtension: extensions,
  WasmPlugin: extensions,
  WorkloadGroup: 'comes with machines that join by themselves',
};
