// A service of the mesh: a name that clients call, and its ports.
import { byText } from '../lib/sorted.ts';
import type { ServiceEndpoints } from './endpoint.ts';
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

/** A range of IP addresses. */
export interface Subnet {
  readonly address: string;
  /** How many of its bits count. */
  readonly length: number;
}

/**
 * `eds`: a balanced set of endpoints. `passthrough`: headless, the caller chooses the address among its endpoints.
 * `original`: nothing is known of its endpoints, the caller's address is taken as it is. `dns`: the endpoints are names,
 * and all addresses behind them count; `dns-round-robin`: one name, and each connection goes to the address that is found
 * then. `dynamic-dns`: the name that each request or TLS client asks for. `alias`: another name for `target`.
 */
export type Resolution =
  | { readonly kind: 'eds' }
  | { readonly kind: 'passthrough' }
  | { readonly kind: 'original' }
  | NameResolution
  | { readonly kind: 'dynamic-dns' }
  | { readonly kind: 'alias'; readonly target: string };

/** Endpoints that proxies look up by their names. */
export interface NameResolution {
  readonly kind: 'dns' | 'dns-round-robin';
  readonly endpoints: ServiceEndpoints;
}

export interface Service {
  /** The full host name: the identity of a service in the mesh. */
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly ServicePort[];
  /** Its virtual IPs; empty where none is given out yet. */
  readonly addresses: readonly string[];
  /** Whole ranges of addresses that are its own. */
  readonly subnets: readonly Subnet[];
  readonly resolution: Resolution;
  /** Whether only endpoints on the caller's node count. */
  readonly nodeLocal: boolean;
  /** Whether it is outside of the mesh: nobody there has its certificates. */
  readonly external: boolean;
  /** Who answers for it, besides its endpoints: names in a server's certificate. */
  readonly names: readonly string[];
  /** The namespaces whose clients may call it; `*`: all. */
  readonly exportTo: ReadonlySet<string>;
  /** Which endpoints it wants to be called first; null: it does not say. */
  readonly nearness: Nearness | null;
  /** Milliseconds since 1970; unknown in files. */
  readonly created: number | null;
  readonly origin: Origin;
}

/** Of services that all clients may call. */
export const everybody: ReadonlySet<string> = new Set(['*']);

/** Whether clients name it by parts of its host too, as those of the cluster's own services do. */
export function hasShortNames({ name, host }: Pick<Service, 'name' | 'host'>): boolean {
  return name !== host;
}

/**
 * In which order services stand. Where two claim the same address or name the first one has it: those of the cluster come
 * before those that anybody may write an entry for.
 */
export function inOrder(a: Service, b: Service): number {
  return Number(!hasShortNames(a)) - Number(!hasShortNames(b)) || byText(a.host, b.host);
}

const httpProtocols: ReadonlySet<Protocol> = new Set(['http', 'http2', 'grpc']);

/** Whether the port is known to carry HTTP. */
export function isHttp(protocol: Protocol): boolean {
  return httpProtocols.has(protocol);
}

/** Whether proxies look up the service's endpoints by name. */
export function isNamed(resolution: Resolution): resolution is NameResolution {
  return resolution.kind === 'dns' || resolution.kind === 'dns-round-robin';
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
