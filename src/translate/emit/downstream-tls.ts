// How a workload is called by mutual TLS: envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext.
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ProxyDefaults } from '../../model/mesh-defaults.ts';
import { trustedIdentities } from '../../model/names.ts';
import { type MeshSource, meshCertificates, tlsVersions, typePrefix } from './mesh-certificates.ts';

type MinimumTls = ProxyDefaults['minimumTls'];

/** Whoever calls has a certificate of the mesh's own trust domain. */
export const callers: JsonObject = {
  match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: trustedIdentities } }],
};

function meshTls(source: MeshSource, minimum: MinimumTls, alpn_protocols: readonly string[]): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${typePrefix}.tls.v3.DownstreamTlsContext`,
      common_tls_context: { tls_params: tlsVersions(minimum), alpn_protocols, ...meshCertificates(source, callers) },
      require_client_certificate: true,
    },
  };
}

/** The transport socket of chains whose connections carry HTTP. */
export const emitHttpTls = memo(
  (source: MeshSource, minimum: MinimumTls): JsonObject => meshTls(source, minimum, ['h2', 'http/1.1']),
);

/** The same for any other connections. */
export const emitConnectionTls = memo(
  (source: MeshSource, minimum: MinimumTls): JsonObject =>
    meshTls(source, minimum, ['istio-peer-exchange', 'h2', 'http/1.1']),
);
