// What stands around a cluster's connections: TLS (UpstreamTlsContext) and the PROXY protocol.
import ipaddr from 'ipaddr.js';
import type { JsonObject } from '../../lib/json.ts';
import { type ClientTls, type Trust, tlsModeIstio } from '../../model/client-tls.ts';
import { httpVersionOf } from '../../model/connection-pool.ts';
import type { ProxyDefaults } from '../../model/mesh-defaults.ts';
import { outboundSni, systemRoots } from '../../model/names.ts';
import type { ProxyProtocol } from '../../model/port-policy.ts';
import type { CertificateSource } from '../../model/proxy.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import { file, type MeshSource, meshCertificates, tlsVersions, typePrefix } from './mesh-certificates.ts';

type MinimumTls = ProxyDefaults['minimumTls'];
const rawBuffer: JsonObject = {
  name: 'envoy.transport_sockets.raw_buffer',
  typed_config: { '@type': `${typePrefix}.raw_buffer.v3.RawBuffer` },
};

function sanType(name: string): string {
  if (name.includes('://')) return 'URI';
  if (name.includes('@')) return 'EMAIL';
  return ipaddr.isValid(name) ? 'IP_ADDRESS' : 'DNS';
}

/** Any of these names must be in the server's certificate; no names: any is good. */
export function emitNames(names: readonly string[]): JsonObject {
  if (names.length === 0) return {};
  return {
    match_typed_subject_alt_names: names.map((name) => ({ san_type: sanType(name), matcher: { exact: name } })),
  };
}

function emitTls(minimum: MinimumTls, context: JsonObject, sni: string | null): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${typePrefix}.tls.v3.UpstreamTlsContext`,
      common_tls_context: { tls_params: tlsVersions(minimum), ...context },
      ...(sni !== null && { sni }),
    },
  };
}

type FileTls = Extract<ClientTls, { readonly kind: 'tls' }>;

const roots = (trust: Exclude<Trust, { kind: 'anybody' }>): JsonObject =>
  file(trust.kind === 'file' ? trust.path : systemRoots);

function emitValidation({ trust, names, revoked }: FileTls): JsonObject {
  if (trust.kind === 'anybody') return {};
  const crl = revoked === null ? {} : { crl: file(revoked) };
  return { validation_context: { trusted_ca: roots(trust), ...emitNames(names), ...crl } };
}

function emitWithFiles(tls: FileTls, http2: boolean): JsonObject {
  const { certificate, sni } = tls;
  const own = certificate && [{ certificate_chain: file(certificate.chain), private_key: file(certificate.key) }];
  const context = {
    ...(http2 && { alpn_protocols: ['h2'] }),
    ...(own !== null && { tls_certificates: own }),
    ...emitValidation(tls),
  };
  return emitTls('TLSv1_2', context, sni);
}

/** Mutual TLS by the certificates of the mesh; what a peer of the mesh is offered tells it so. */
function emitMesh(plan: ClusterPlan, source: MeshSource, minimum: MinimumTls, http2: boolean): JsonObject {
  const { policy, mutual, port, subset, service } = plan;
  const said = policy.tls?.kind === 'mesh' ? policy.tls : null;
  const names = said !== null && said.names.length > 0 ? said.names : (mutual?.identities ?? []);
  const sni = said?.sni ?? outboundSni(port.number, subset?.name ?? '', service.host);
  const context = {
    alpn_protocols: ['istio-peer-exchange', 'istio', ...(http2 ? ['h2'] : [])],
    ...meshCertificates(source, emitNames(names)),
  };
  return emitTls(minimum, context, sni);
}

/** Whether endpoints that can take it are called by mutual TLS, the others in plain text. */
function callsByEndpoint({ policy, mutual, eds, named }: ClusterPlan): boolean {
  return policy.tls === null && (eds || named !== null) && mutual?.auto === true;
}

/** Whether the certificates of the mesh are used at all. */
export function callsByMesh(plan: ClusterPlan): boolean {
  return plan.policy.tls?.kind === 'mesh' || callsByEndpoint(plan);
}

/** Whether a rule asks for certificates that a proxy does not have. */
export function lacksCertificates({ policy }: ClusterPlan, source: CertificateSource): boolean {
  return policy.tls?.kind === 'mesh' && source.kind === 'none';
}

/** Whether endpoints say that they can take mutual TLS. */
export function marksEndpoints({ policy, mutual }: ClusterPlan): boolean {
  return mutual?.auto === true && (policy.tls === null || policy.tls.kind === 'mesh');
}

/** Each connection begins with a line that says who the client is. */
function behindHeader(header: ProxyProtocol | null, socket: JsonObject | null): JsonObject | null {
  if (header === null) return socket;
  return {
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    typed_config: {
      '@type': `${typePrefix}.proxy_protocol.v3.ProxyProtocolUpstreamTransport`,
      config: { version: header.version },
      transport_socket: socket ?? rawBuffer,
    },
  };
}

/** A proxy without certificates calls in plain text where no rule forbids it. */
function emitEncryption(plan: ClusterPlan, source: CertificateSource, minimum: MinimumTls): JsonObject | null {
  const { tls } = plan.policy;
  const http2 = httpVersionOf(plan.port.protocol, plan.policy.connectionPool) === 'http2';
  if (tls?.kind === 'tls') return emitWithFiles(tls, http2);
  return callsByMesh(plan) && source.kind !== 'none' ? emitMesh(plan, source, minimum, http2) : null;
}

/** The transport sockets of envoy.config.cluster.v3.Cluster; none where connections are as they are. */
export function emitTransportSockets(
  plan: ClusterPlan,
  source: CertificateSource,
  { minimumTls }: Pick<ProxyDefaults, 'minimumTls'>,
): JsonObject {
  const { policy } = plan;
  const header = policy.proxyProtocol;
  const socket = behindHeader(header, emitEncryption(plan, source, minimumTls));
  if (socket === null) return {};
  if (!callsByEndpoint(plan) || source.kind === 'none') return { transport_socket: socket };
  const inPlain = behindHeader(header, null) ?? rawBuffer;
  return {
    transport_socket_matches: [
      { name: 'tlsMode-istio', match: { tlsMode: tlsModeIstio }, transport_socket: socket },
      { name: 'tlsMode-disabled', match: {}, transport_socket: inPlain },
    ],
  };
}
