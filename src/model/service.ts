// A service of the mesh: a name that clients call, and its ports.
import type { Nearness } from './locality-lb.ts';
import type { Origin } from './origin.ts';

/** How a port's bytes are understood; `auto` is found out from the first bytes of each connection. */
export type Protocol = 'http' | 'http2' | 'grpc' | 'tcp' | 'tls' | 'auto' | 'udp';

export interface ServicePort {
  /** Empty where the Service names none: it can only be one then. */
  readonly name: string;
  readonly number: number;
  readonly protocol: Protocol;
  /** A number, or the name of a container's port. */
  readonly targetPort: number | string;
  readonly origin: Origin;
}

/**
 * `eds`: a balanced set of endpoints. `passthrough`: headless, the caller chooses the address. `alias`: another name for
 * `target`.
 */
export type Resolution =
  | { readonly kind: 'eds' }
  | { readonly kind: 'passthrough' }
  | { readonly kind: 'alias'; readonly target: string };

export interface Service {
  /** The full host name: the identity of a service in the mesh. */
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly ServicePort[];
  /** Its virtual IPs; empty where none is given out yet. */
  readonly addresses: readonly string[];
  readonly resolution: Resolution;
  /** Whether only endpoints on the caller's node count. */
  readonly nodeLocal: boolean;
  /** Namespaces whose clients may know of it; `*`: all. */
  readonly exportTo: ReadonlySet<string>;
  /** Which endpoints it wants to be called first; null: it does not say. */
  readonly nearness: Nearness | null;
  /** Milliseconds since 1970; unknown in files. */
  readonly created: number | null;
  readonly origin: Origin;
}

const httpProtocols: ReadonlySet<Protocol> = new Set(['http', 'http2', 'grpc']);

/** Whether the port is known to carry HTTP. */
export function isHttp(protocol: Protocol): boolean {
  return httpProtocols.has(protocol);
}

/** Whether a sidecar balances the port at all. */
export function isProxied(protocol: Protocol): boolean {
  return protocol !== 'udp';
}

/** The service that a host name leads to; an alias leads to its target. */
export function serviceAt<S extends Service>(services: ReadonlyMap<string, S>, host: string): S | undefined {
  const service = services.get(host);
  return service?.resolution.kind === 'alias' ? services.get(service.resolution.target) : service;
}
