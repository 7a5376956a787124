// How calls to a service are encrypted, and whom they trust.
import type { Origin } from './origin.ts';

/** A certificate with its key, as names of files on the proxy's machine. */
export interface CertificateFiles {
  readonly chain: string;
  readonly key: string;
}

/** Whose certificates are believed. Files are on the proxy's machine. */
export type Trust =
  | { readonly kind: 'file'; readonly path: string }
  /** The authorities that the machine trusts. */
  | { readonly kind: 'system' }
  /** Everybody: the server is not verified. */
  | { readonly kind: 'anybody' };

export type ClientTls =
  | { readonly kind: 'plain'; readonly origin: Origin }
  | {
      readonly kind: 'tls';
      /** What the client shows of itself; null: nothing. */
      readonly certificate: CertificateFiles | null;
      readonly trust: Trust;
      /** A list of certificates that are no longer valid. */
      readonly revoked: string | null;
      /** The server is one of these; empty: the host that is asked for, where requests name one. */
      readonly names: readonly string[];
      /** The server that is asked for; null: that of each request. */
      readonly sni: string | null;
      readonly origin: Origin;
    }
  /** By the certificates that workloads have of the mesh. */
  | {
      readonly kind: 'mesh';
      /** Empty: the service accounts behind the service. */
      readonly names: readonly string[];
      /** Null: the name that gateways of the mesh know the cluster by. */
      readonly sni: string | null;
      readonly origin: Origin;
    }
  /** What is written cannot be used; in plain text would be worse than not at all. */
  | { readonly kind: 'refused'; readonly origin: Origin };

/** What calls within the mesh need to know of a service. */
export interface MutualTls {
  /** Whether endpoints that can take it are called by mutual TLS where no rule speaks of TLS. */
  readonly auto: boolean;
  /** The SPIFFE ids of those behind the service, sorted. */
  readonly identities: readonly string[];
}

/** Label of Pods whose sidecar takes mutual TLS, and its value. */
export const tlsModeLabel = 'security.istio.io/tlsMode';
export const tlsModeIstio = 'istio';
