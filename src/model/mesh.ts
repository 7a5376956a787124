// The mesh as resolved: what all proxies' configuration is made from.
import type { Labels, Locality, ServiceEndpoints } from './endpoint.ts';
import type { ObjectId } from './object.ts';
import type { PolicyChoice } from './policy.ts';
import type { RouteChoice } from './route.ts';
import type { Protocol, Service } from './service.ts';

/** A Pod, as far as proxies and endpoints depend on it. */
export interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Labels;
  readonly node: string | null;
  readonly locality: Locality;
  /** Who it is, besides its namespace. */
  readonly serviceAccount: string;
}

/** Who may call: by mutual TLS alone, anybody, or in plain text alone. */
export type MutualTlsMode = 'strict' | 'permissive' | 'disable';

/** Where nothing else is said. */
export const usualMutualTls: MutualTlsMode = 'permissive';

/**
 * A port of a service as the workload behind it sees it.
 * Invariant: plain values only, so that lists of them can be compared by their text.
 */
export interface ServedPort {
  /** The object that says so. */
  readonly object: ObjectId;
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  /** The service port's number. */
  readonly port: number;
  readonly protocol: Protocol;
  /** The port on which the workload listens. */
  readonly targetPort: number;
  /** Whom it answers, where its proxy has certificates of the mesh. */
  readonly mutualTls: MutualTlsMode;
}

/** Immutable. Each part keeps its identity while it is unchanged, so that who reads one part is not run for another. */
export interface Mesh {
  /** By host. Sorted by host. */
  readonly services: ReadonlyMap<string, Service>;
  /** By host. */
  readonly policies: ReadonlyMap<string, PolicyChoice>;
  /** By host, of services and others; sorted by host. Hosts that no rule speaks of are not there. */
  readonly routes: ReadonlyMap<string, RouteChoice>;
  /** By host. */
  readonly endpoints: ReadonlyMap<string, ServiceEndpoints>;
  /** By `name.namespace`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly served: Served;
}

/** What the workload at an IP address serves. */
export interface Served {
  get(address: string): readonly ServedPort[];
}
