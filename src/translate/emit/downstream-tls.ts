// How a workload is called by mutual TLS: envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext.
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ProxyDefaults, TrustDomains } from '../../model/mesh-defaults.ts';
import { identityPrefix } from '../../model/names.ts';
import { type MeshSource, meshCertificates, tlsVersions, typePrefix } from './mesh-certificates.ts';

/** Whoever calls has a certificate of the mesh's own trust domain. */
export const callers = memo(
  (trustDomains: TrustDomains): JsonObject => ({
    match_typed_subject_alt_names: trustDomains.map((each) => ({
      san_type: 'URI',
      matcher: { prefix: identityPrefix(each) },
    })),
  }),
);

function meshTls(source: MeshSource, defaults: ProxyDefaults, alpn_protocols: readonly string[]): JsonObject {
  const certificates = meshCertificates(source, callers(defaults.trustDomains));
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${typePrefix}.tls.v3.DownstreamTlsContext`,
      common_tls_context: { tls_params: tlsVersions(defaults.minimumTls), alpn_protocols, ...certificates },
      require_client_certificate: true,
    },
  };
}

/** The transport socket of chains whose connections carry HTTP. */
export const emitHttpTls = memo(
  (source: MeshSource, defaults: ProxyDefaults): JsonObject => meshTls(source, defaults, ['h2', 'http/1.1']),
);

/** The same for any other connections. */
export const emitConnectionTls = memo(
  (source: MeshSource, defaults: ProxyDefaults): JsonObject =>
    meshTls(source, defaults, ['istio-peer-exchange', 'h2', 'http/1.1']),
);
