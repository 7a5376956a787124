// What holds in the whole mesh where nothing more special says otherwise: MeshConfig in our vocabulary.
import { interner } from '../lib/intern.ts';
import { memo } from '../lib/memo.ts';
import type { TcpKeepalive } from './connection-pool.ts';
import type { Milliseconds } from './lb-policy.ts';
import type { LocalitySetting } from './locality-lb.ts';
import { clusterDomain, rootNamespace } from './names.ts';
import type { Origin } from './origin.ts';
import type { Destination, Retries } from './route.ts';

/** What becomes of calls to hosts that no service has. */
export type OutboundPolicy =
  | { readonly kind: 'allow-any' }
  | { readonly kind: 'registry-only' }
  /** All of them go to one service. */
  | { readonly kind: 'egress-proxy'; readonly destination: Destination };

export const allowAny: OutboundPolicy = { kind: 'allow-any' };
export const registryOnly: OutboundPolicy = { kind: 'registry-only' };

/** What the ports of services have where no rule speaks of it; null: as is usual. */
export interface PortDefaults {
  readonly connectTimeout: Milliseconds | null;
  readonly keepalive: TcpKeepalive | null;
  /** Whether HTTP/1 becomes HTTP/2. */
  readonly upgrade: boolean;
  readonly retries: Retries | null;
  /** Which endpoints come first. */
  readonly locality: LocalitySetting | null;
  readonly origin: Origin;
}

/** To whom services and rules are exported that do not say so: namespaces, `*` for all, `.` for their own. */
export interface ExportDefaults {
  readonly services: readonly string[];
  readonly rules: readonly string[];
  readonly routes: readonly string[];
}

/** What is done with a path before it is matched; each does what the ones before it do. */
export type PathNormalization = 'none' | 'base' | 'merge-slashes' | 'decode-and-merge-slashes';

/** A line for each request and each connection. */
export interface AccessLog {
  /** A file of the proxy's machine. */
  readonly path: string;
  /** Text in the form of Envoy's format strings; null: Envoy's own. */
  readonly format: string | null;
}

/** What proxies themselves depend on. */
export interface ProxyDefaults {
  readonly outbound: OutboundPolicy;
  readonly accessLog: AccessLog | null;
  /** How long a connection's first bytes are waited for; 0: for as long as it takes. */
  readonly detectionTimeout: Milliseconds;
  /** How often names are looked up whose answers do not say how long they hold. */
  readonly nameRefresh: Milliseconds;
  readonly paths: PathNormalization;
  readonly minimumTls: 'TLSv1_2' | 'TLSv1_3';
  readonly trustDomains: TrustDomains;
  /** What Envoy counts clusters under, with names in percent signs that are filled in; null: their names. */
  readonly outboundStatName: string | null;
  readonly inboundStatName: string | null;
}

/** Of whose workloads the identities are the mesh's: its own trust domain first, then other names of it. */
export type TrustDomains = readonly [own: string, ...aliases: string[]];

export interface MeshDefaults {
  /** Null: nothing. */
  readonly ports: PortDefaults | null;
  readonly exportTo: ExportDefaults;
  /** Whether workloads that can are called by mutual TLS. */
  readonly autoMutualTls: boolean;
  /** Where rules for the whole mesh live. */
  readonly rootNamespace: string;
  readonly proxy: ProxyDefaults;
}

const everywhere: readonly string[] = ['*'];

/** Where nobody says anything. One object, so that nothing is computed anew for it. */
export const meshDefaults: MeshDefaults = Object.freeze({
  ports: null,
  exportTo: Object.freeze({ services: everywhere, rules: everywhere, routes: everywhere }),
  autoMutualTls: true,
  rootNamespace,
  proxy: Object.freeze({
    outbound: allowAny,
    accessLog: null,
    detectionTimeout: 0,
    nameRefresh: 60_000,
    paths: 'base',
    minimumTls: 'TLSv1_2',
    trustDomains: Object.freeze([clusterDomain]) as TrustDomains,
    outboundStatName: null,
    inboundStatName: null,
  }),
});

const internProxy = interner<ProxyDefaults>();
const usual = JSON.stringify(meshDefaults.proxy);

/** Equal defaults are one object; those where nobody says anything are `meshDefaults.proxy`. */
export const sameProxyDefaults = memo((defaults: ProxyDefaults): ProxyDefaults => {
  const key = JSON.stringify(defaults);
  return key === usual ? meshDefaults.proxy : internProxy(key, () => defaults);
});
