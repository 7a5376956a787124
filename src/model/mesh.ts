// The mesh as resolved: what all proxies' configuration is made from.

import type { AuthorizationPolicies } from './authorization.ts';
import type { Labels, Locality, ServiceEndpoints } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import type { MeshDefaults } from './mesh-defaults.ts';
import type { ObjectId } from './object.ts';
import type { MutualTlsMode, PeerAuthentications } from './peer-authentication.ts';
import type { PolicyChoice } from './policy.ts';
import type { RouteChoice } from './route.ts';
import type { EgressListener, Scope, Scopes } from './scope.ts';
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
  /** By `namespace/name`; the oldest first. */
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** By host. */
  readonly endpoints: ReadonlyMap<string, ServiceEndpoints>;
  /** By `name.namespace`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly served: Served;
  /** Which Sidecar holds for whom. */
  readonly scopes: Scopes;
  /** What clients may know of it. */
  readonly sights: Sights;
  readonly defaults: MeshDefaults;
  /** Whom workloads answer, and … */
  readonly peers: PeerAuthentications;
  /** … what they allow. */
  readonly authorization: AuthorizationPolicies;
}

/** What a client knows of the mesh: the parts that its configuration is made from. */
export interface Sight extends Pick<Mesh, 'services' | 'policies' | 'routes' | 'gateways' | 'endpoints'> {
  /** All services of the mesh, whether the client knows them or not. */
  readonly all: Mesh['services'];
  /** The hosts that are called through each listener of its Sidecar; null: there is none, or it has no listeners of its own. */
  readonly listeners: readonly ListenerSight[] | null;
}

export interface ListenerSight {
  readonly listener: EgressListener;
  readonly hosts: ReadonlySet<string>;
}

/** Looks up what clients know. */
export interface Sights {
  /** Of the services and routes, those that clients in a namespace know; null: all of them. */
  of(namespace: string, scope: Scope | null): Pick<Sight, 'services' | 'routes' | 'listeners'> | null;
}

/** What the workload at an IP address serves. */
export interface Served {
  get(address: string): readonly ServedPort[];
}
