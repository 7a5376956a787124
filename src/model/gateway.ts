// Gateways: proxies at the edge of the mesh, what they listen for, and where they lead it.
import type { CertificateFiles } from './client-tls.ts';
import type { Labels } from './endpoint.ts';
import type { Origin } from './origin.ts';
import type { RouteChoice } from './route.ts';

/** A host that a server answers for. */
export interface ServerHost {
  /** A full name, a wildcard such as `*.example.com`, or `*`. */
  readonly host: string;
  /** The namespace whose rules may speak of it; null: all. */
  readonly namespace: string | null;
  readonly origin: Origin;
}

/** How clients have to prove who they are. Files are on the gateway's machine. */
export interface ClientCheck {
  /** The authorities whose certificates are believed. */
  readonly authorities: string;
  /** A list of certificates that are no longer valid. */
  readonly revoked: string | null;
  /** The client is one of these; empty: whoever the authorities vouch for. */
  readonly names: readonly string[];
  /** SHA-256 of public keys, base64; empty: any. */
  readonly keys: readonly string[];
  /** SHA-256 of certificates, hexadecimal; empty: any. */
  readonly hashes: readonly string[];
  /** Whether clients without a certificate are served too. */
  readonly optional: boolean;
}

export type TlsVersion = 'TLSv1_0' | 'TLSv1_1' | 'TLSv1_2' | 'TLSv1_3';

/** What is agreed upon; null and empty lists leave it to the proxy. */
export interface TlsParameters {
  readonly min: TlsVersion | null;
  readonly max: TlsVersion | null;
  readonly ciphers: readonly string[];
  readonly curves: readonly string[];
}

export type ServerTls =
  /** The gateway's own certificates; the bytes within go on in the clear. */
  | {
      readonly kind: 'terminate';
      /** Never empty; two for two kinds of keys. */
      readonly certificates: readonly CertificateFiles[];
      /** Null: clients need not prove anything. */
      readonly clients: ClientCheck | null;
      readonly parameters: TlsParameters;
      readonly origin: Origin;
    }
  /** By the certificates that workloads have of the mesh. */
  | { readonly kind: 'mesh'; readonly parameters: TlsParameters; readonly origin: Origin }
  /** Passed on as it is, by the server name that the client asks for. */
  | { readonly kind: 'passthrough'; readonly origin: Origin }
  /** What is written cannot be used: connections are closed. */
  | { readonly kind: 'refused'; readonly origin: Origin };

/** What is within a server's connections. `http`: also HTTP/2 and gRPC. */
export type ServerProtocol = 'http' | 'tcp';

/** What a gateway listens for on one port. */
export interface GatewayServer {
  /** As clients know the port. */
  readonly port: number;
  readonly portName: string;
  /** What it is called; null: nothing. */
  readonly name: string | null;
  /** The address to listen on; null: all. */
  readonly bind: string | null;
  readonly protocol: ServerProtocol;
  /** Null: in the clear. */
  readonly tls: ServerTls | null;
  /** Whether clients are told to come by HTTPS. */
  readonly httpsRedirect: boolean;
  readonly hosts: readonly ServerHost[];
  readonly origin: Origin;
}

/** A server with what rules say of it. */
export interface RoutedServer {
  readonly server: GatewayServer;
  /** By the hosts that rules and the server share, sorted. */
  readonly routes: ReadonlyMap<string, RouteChoice>;
}

export interface Gateway {
  readonly namespace: string;
  readonly name: string;
  /** Of the workloads that serve it; none: all gateways. */
  readonly selector: Labels;
  readonly servers: readonly RoutedServer[];
  readonly origin: Origin;
}

/** The name by which everything in the mesh knows a gateway. */
export function gatewayKey({ namespace, name }: Pick<Gateway, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/** Whether every host that `host` stands for is one that `pattern` stands for; both may be wildcards. */
export function coversHost(pattern: string, host: string): boolean {
  return pattern === '*' || pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)));
}

/** The narrower one of two patterns, where one covers the other; null: they share nothing. */
export function commonHost(a: string, b: string): string | null {
  if (coversHost(a, b)) return b;
  return coversHost(b, a) ? a : null;
}
