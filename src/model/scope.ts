// What a Sidecar says of the workloads that it is for: whom they call, through which listeners, and how they are called.

import type { ConnectionPool } from './connection-pool.ts';
import type { Labels } from './endpoint.ts';
import type { ServerTls } from './gateway.ts';
import type { OutboundPolicy } from './mesh-defaults.ts';
import type { ObjectId } from './object.ts';
import type { Origin } from './origin.ts';
import type { Protocol } from './service.ts';

/** Hosts of a namespace. */
export interface HostImport {
  /** `*`: all namespaces, `.`: that of the workload. */
  readonly namespace: string;
  /** A full host name, a wildcard such as `*.example.com`, or `*`. */
  readonly host: string;
  readonly origin: Origin;
}

/** How connections reach a listener: as all of the proxy's, captured, or because it is called by its address. */
export type ListenerCapture = 'as-proxy' | 'captured' | 'bound';

/** What is called through some listeners: those of one port, or all others. */
export interface EgressListener {
  /** Null: every port that no other listener has. */
  readonly port: number | null;
  /** What is written beside the port; the services that are called have their own. */
  readonly protocol: Protocol | null;
  /** An IP address; null: the usual one. */
  readonly bind: string | null;
  readonly capture: ListenerCapture;
  readonly imports: readonly HostImport[];
  readonly exclusions: readonly HostImport[];
  readonly origin: Origin;
}

/** Where the workload takes connections: `called` is the address that was called. */
export type WorkloadTarget =
  | { readonly kind: 'called'; readonly port: number }
  | { readonly kind: 'address'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Certificates of the port itself, or settings that cannot be used, so that nobody may call. */
export type PortTls = Extract<ServerTls, { readonly kind: 'terminate' | 'refused' }>;

/** A port on which the workload is called. */
export interface IngressListener {
  readonly port: number;
  readonly protocol: Protocol;
  /** An IP address; null: the usual one. */
  readonly bind: string | null;
  readonly capture: ListenerCapture;
  readonly target: WorkloadTarget;
  readonly pool: ConnectionPool | null;
  /** How whoever has no certificate of the mesh is spoken to; null: as the mesh has it. */
  readonly tls: PortTls | null;
  readonly origin: Origin;
}

export interface Scope {
  readonly object: ObjectId;
  readonly namespace: string;
  readonly name: string;
  readonly created: number | null;
  /** Workloads with all these labels; null: all of the namespace. */
  readonly selector: Labels | null;
  /** Null: as the mesh has it. */
  readonly outbound: OutboundPolicy | null;
  /** The one without a port comes last. */
  readonly egress: readonly EgressListener[];
  /** Empty: the ports of the workload's services. */
  readonly ingress: readonly IngressListener[];
  /** For calls of the workload where nothing more special is said; null: nothing. */
  readonly inboundPool: ConnectionPool | null;
}

/** Which Sidecar holds for a workload. */
export interface Scopes {
  of(namespace: string, labels: Labels): Scope | null;
}

export const noScopes: Scopes = { of: () => null };
