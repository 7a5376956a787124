// Whom a port of the workload answers, and how its connections are understood: envoy.config.listener.v3.FilterChain.
// Source of the matches: Istio's table of mutual TLS modes and protocols.
import type { JsonObject } from '../../lib/json.ts';
import type { MutualTlsMode } from '../../model/peer-authentication.ts';
import type { CertificateSource, ProxyGroup } from '../../model/proxy.ts';
import type { PortTls } from '../../model/scope.ts';
import { isHttp, type Protocol } from '../../model/service.ts';
import { emitConnectionTls, emitHttpTls } from './downstream-tls.ts';
import { emitDownstreamTls } from './gateway-tls.ts';

/** What peers of the mesh offer over TLS: that they are such, and that they speak HTTP. */
const ofPeers = ['istio', 'istio-peer-exchange'] as const;
const ofHttpPeers = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'] as const;

const plain: JsonObject = { transport_protocol: 'raw_buffer' };
/** What a connection looks like that the inspector has found to be plain HTTP. */
export const plainHttp: JsonObject = { ...plain, application_protocols: ['http/1.1', 'h2c'] };
const tls: JsonObject = { transport_protocol: 'tls' };
const tlsOf = (application_protocols: readonly string[]): JsonObject => ({ ...tls, application_protocols });

/** What is between a connection and the filters: mutual TLS, the port's own certificates, or nothing. */
type Encryption = 'mutual' | 'own' | 'none';
type Reading = 'http' | 'tcp' | 'refused';
/** A filter chain to be made: whose connections it takes, and how it reads them. */
export interface InboundChain {
  readonly match: JsonObject;
  readonly encryption: Encryption;
  readonly reading: Reading;
}

const chain = (match: JsonObject, encryption: Encryption, reading: Reading): InboundChain => ({
  match,
  encryption,
  reading,
});

/** How much is known of a port's protocol. */
type Knowledge = 'http' | 'tcp' | 'auto';

const knowledgeOf = (protocol: Protocol): Knowledge =>
  protocol === 'auto' ? 'auto' : isHttp(protocol) ? 'http' : 'tcp';

const fromPeers = tlsOf([...ofPeers, ...ofHttpPeers]);

/** TLS that is not of the mesh goes on to the workload as it is, but where HTTP is expected. */
const chainsOf: { readonly [M in MutualTlsMode]: { readonly [K in Knowledge]: readonly InboundChain[] } } = {
  strict: {
    http: [chain(tls, 'mutual', 'http')],
    tcp: [chain(tls, 'mutual', 'tcp')],
    auto: [chain(tlsOf(ofHttpPeers), 'mutual', 'http'), chain(tls, 'mutual', 'tcp')],
  },
  permissive: {
    http: [chain(fromPeers, 'mutual', 'http'), chain(plain, 'none', 'http')],
    tcp: [chain(fromPeers, 'mutual', 'tcp'), chain(tls, 'none', 'tcp'), chain(plain, 'none', 'tcp')],
    auto: [
      chain(tlsOf(ofHttpPeers), 'mutual', 'http'),
      chain(plainHttp, 'none', 'http'),
      chain(tlsOf(ofPeers), 'mutual', 'tcp'),
      chain(plain, 'none', 'tcp'),
      chain(tls, 'none', 'tcp'),
    ],
  },
  disable: {
    http: [chain(plain, 'none', 'http')],
    tcp: [chain(plain, 'none', 'tcp')],
    auto: [chain(plainHttp, 'none', 'http'), chain(plain, 'none', 'tcp')],
  },
};

/** Where a port has certificates of its own: peers of the mesh are answered as they are anywhere, others by these alone. */
const ownChains: { readonly [K in Knowledge]: readonly InboundChain[] } = {
  http: [chain(tls, 'own', 'http')],
  tcp: [chain(tls, 'own', 'tcp')],
  auto: [chain(tlsOf(['h2', 'http/1.1']), 'own', 'http'), chain(tls, 'own', 'tcp')],
};

const nobody: readonly InboundChain[] = [chain({}, 'none', 'refused')];

function besideOwn(protocol: Protocol, mode: MutualTlsMode, certificates: CertificateSource): readonly InboundChain[] {
  const meshed = certificates.kind !== 'none' && mode !== 'disable';
  const known = knowledgeOf(protocol);
  const peers = meshed ? chainsOf.permissive[known].filter(({ encryption }) => encryption === 'mutual') : [];
  return [...peers, ...ownChains[known]];
}

/** The chains of a port. What answers by mutual TLS alone, and has no certificates, answers nobody. */
export function inboundChains(
  protocol: Protocol,
  mode: MutualTlsMode,
  certificates: CertificateSource,
  own: PortTls | null,
): readonly InboundChain[] {
  // Whom STRICT keeps out, a certificate of the port does not let in.
  if (own !== null && mode !== 'strict')
    return own.kind === 'refused' ? nobody : besideOwn(protocol, mode, certificates);
  if (certificates.kind !== 'none') return chainsOf[mode][knowledgeOf(protocol)];
  return mode === 'strict' ? nobody : chainsOf.disable[knowledgeOf(protocol)];
}

type Owner = Pick<ProxyGroup, 'certificates' | 'defaults'>;

/** A chain's transport socket; none where its connections are as they are. */
export function chainSocket({ encryption, reading }: InboundChain, own: PortTls | null, group: Owner): JsonObject {
  if (encryption === 'own' && own?.kind === 'terminate') {
    const protocol = reading === 'http' ? 'http' : 'tcp';
    return { transport_socket: emitDownstreamTls(own, { protocol }, group) };
  }
  const certificates = group.certificates.server;
  if (encryption === 'none' || certificates.kind === 'none') return {};
  return {
    transport_socket:
      reading === 'http' ? emitHttpTls(certificates, group.defaults) : emitConnectionTls(certificates, group.defaults),
  };
}

/** What has to be known of a port's connections before a chain can be chosen. */
export interface Inspection {
  /** Whether they speak TLS, and what they offer. */
  readonly tls: boolean;
  /** Whether they are plain HTTP. */
  readonly http: boolean;
}

/** What the chains of a port ask for. */
export function inspectionFor(chains: readonly InboundChain[]): Inspection {
  return {
    tls: chains.some(({ match }) => match['transport_protocol'] === 'tls'),
    http: chains.some(({ match }) => match === plainHttp),
  };
}
