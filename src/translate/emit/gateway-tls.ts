// How a gateway's clients are spoken to: envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext.
import type { JsonObject } from '../../lib/json.ts';
import type { ClientCheck, GatewayServer, ServerTls, TlsParameters } from '../../model/gateway.ts';
import type { TrustDomains } from '../../model/mesh-defaults.ts';
import type { CertificateSource, ProxyGroup } from '../../model/proxy.ts';
import { callers } from './downstream-tls.ts';
import { file, type MeshSource, meshCertificates, typePrefix } from './mesh-certificates.ts';
import { emitNames } from './upstream-tls.ts';

type Ended = Extract<ServerTls, { readonly kind: 'terminate' | 'mesh' }>;

function emitParameters({ min, max, ciphers, curves }: TlsParameters): JsonObject {
  const params = {
    ...(min !== null && { tls_minimum_protocol_version: min }),
    ...(max !== null && { tls_maximum_protocol_version: max }),
    ...(ciphers.length > 0 && { cipher_suites: ciphers }),
    ...(curves.length > 0 && { ecdh_curves: curves }),
  };
  return Object.keys(params).length === 0 ? {} : { tls_params: params };
}

function emitValidation({ authorities, revoked, names, keys, hashes }: ClientCheck): JsonObject {
  return {
    trusted_ca: file(authorities),
    ...emitNames(names),
    ...(revoked !== null && { crl: file(revoked) }),
    ...(keys.length > 0 && { verify_certificate_spki: keys }),
    ...(hashes.length > 0 && { verify_certificate_hash: hashes }),
  };
}

function emitCertificates(tls: Ended, source: MeshSource | null, trustDomains: TrustDomains): JsonObject {
  if (tls.kind === 'mesh') return source === null ? {} : meshCertificates(source, callers(trustDomains));
  const certificates = tls.certificates.map(({ chain, key }) => ({
    certificate_chain: file(chain),
    private_key: file(key),
  }));
  return {
    tls_certificates: certificates,
    ...(tls.clients !== null && { validation_context: emitValidation(tls.clients) }),
  };
}

/** Who ends the encryption, as far as the proxy is able to; null: nobody, and nobody may be let in. */
export function endedTls({ tls }: GatewayServer, source: CertificateSource): Ended | null {
  if (tls?.kind === 'terminate') return tls;
  return tls?.kind === 'mesh' && source.kind !== 'none' ? tls : null;
}

/** The transport socket of a filter chain. */
export function emitDownstreamTls(
  tls: Ended,
  { protocol }: Pick<GatewayServer, 'protocol'>,
  { certificates: { server: source }, defaults }: Pick<ProxyGroup, 'certificates' | 'defaults'>,
): JsonObject {
  const required = tls.kind === 'mesh' || (tls.clients !== null && !tls.clients.optional);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${typePrefix}.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        ...emitParameters(tls.parameters),
        ...(protocol === 'http' && { alpn_protocols: ['h2', 'http/1.1'] }),
        ...emitCertificates(tls, source.kind === 'none' ? null : source, defaults.trustDomains),
      },
      require_client_certificate: required,
    },
  };
}
