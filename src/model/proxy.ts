// Proxies: who asks for configuration, and what of it the configuration depends on.
import type { AuthorizationPolicy } from './authorization.ts';
import type { EndpointView, Labels, Locality } from './endpoint.ts';
import type { ServedPort } from './mesh.ts';
import type { ProxyDefaults } from './mesh-defaults.ts';
import type { MutualTlsMode } from './peer-authentication.ts';
import type { Scope } from './scope.ts';

export type Role = 'sidecar' | 'router';
/** How a workload's connections reach its sidecar; NONE: they do not, its listeners are called by address. */
export type Interception = 'REDIRECT' | 'TPROXY' | 'NONE';
/** Whose configuration is made: that of an Envoy, or that of a gRPC client which is its own proxy. */
export type Generator = 'envoy' | 'grpc';
export type IpFamily = 'v4' | 'v6';

/** Where a proxy has its certificate of the mesh from: the agent beside it, files on its machine, or nowhere. */
export type CertificateSource =
  /** `assumed`: the proxy does not say so. */
  | { readonly kind: 'sds'; readonly assumed?: true }
  | { readonly kind: 'none' }
  | { readonly kind: 'files'; readonly chain: string; readonly key: string; readonly root: string };

export interface Certificates {
  /** For calls. */
  readonly client: CertificateSource;
  /** For being called. */
  readonly server: CertificateSource;
}

export const sdsCertificate: CertificateSource = { kind: 'sds' };
export const assumedCertificate: CertificateSource = { kind: 'sds', assumed: true };
export const noCertificate: CertificateSource = { kind: 'none' };
export const sdsCertificates: Certificates = { client: sdsCertificate, server: sdsCertificate };
/** Of a proxy that says nothing. */
export const usualCertificates: Certificates = { client: sdsCertificate, server: assumedCertificate };

/** A proxy as it introduces itself in its first request (envoy.config.core.v3.Node), bounded and decoded. */
export interface ProxyNode {
  /** The node id, whole. */
  readonly id: string;
  readonly role: Role;
  readonly generator: Generator;
  readonly ip: string;
  readonly name: string;
  readonly namespace: string;
  /** What its metadata says besides; null: nothing. Only compared with the identity in its certificate. */
  readonly metadataNamespace: string | null;
  readonly serviceAccount: string | null;
  /** What its metadata says; the labels of its Pod win, where one is known. */
  readonly labels: Labels;
  readonly interception: Interception;
  /** Added to ports below 1024 where the proxy binds them itself. */
  readonly portOffset: number;
  /** Envoy's version is 1.this; null: it does not say. */
  readonly envoyMinor: number | null;
  readonly locality: Locality;
  readonly certificates: Certificates;
  /** Whether its Envoy wants to know where the proxies of its own service are, to weigh its zone against others. */
  readonly selfDiscovery: boolean;
}

/**
 * All that configuration may depend on. Equal proxies share one group object, and with it one snapshot and its bytes.
 * Invariant: nothing in here names a single proxy.
 */
export interface ProxyGroup {
  readonly role: Role;
  readonly generator: Generator;
  readonly namespace: string;
  readonly served: readonly ServedPort[];
  /** Whom its workload answers on ports that no service names. */
  readonly mutualTls: MutualTlsMode;
  /** What holds for its workload; by namespace and name. */
  readonly authorization: readonly AuthorizationPolicy[];
  readonly interception: Interception;
  readonly ipFamily: IpFamily;
  readonly portOffset: number;
  readonly endpointView: EndpointView;
  /** What its Sidecar says; null: it has none. */
  readonly scope: Scope | null;
  readonly defaults: ProxyDefaults;
  /** Those of its workload's labels that some rule chooses clients by. */
  readonly labels: Labels;
  /** The gateways that it serves, by `namespace/name`; the oldest first. */
  readonly gateways: readonly string[];
  readonly certificates: Certificates;
  /** The host of the service that it belongs to, empty if there is none; null: it does not ask. */
  readonly peers: string | null;
}
