// The certificates of the mesh in a TLS context: envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.
import type { JsonObject } from '../../lib/json.ts';
import { sdsCluster } from '../../model/names.ts';
import type { CertificateSource } from '../../model/proxy.ts';

export const typePrefix = 'type.googleapis.com/envoy.extensions.transport_sockets';

/** What calls and answers alike speak. */
export const tlsVersions: JsonObject = {
  tls_minimum_protocol_version: 'TLSv1_2',
  tls_maximum_protocol_version: 'TLSv1_3',
};

/** The agent beside Envoy, which renews certificates. */
const agent: JsonObject = {
  api_config_source: {
    api_type: 'GRPC',
    grpc_services: [{ envoy_grpc: { cluster_name: sdsCluster } }],
    set_node_on_first_message_only: true,
    transport_api_version: 'V3',
  },
  initial_fetch_timeout: '0s',
  resource_api_version: 'V3',
};
const fromAgent = (name: string): JsonObject => ({ name, sds_config: agent });

export const file = (filename: string): JsonObject => ({ filename });

/** Where there are certificates of the mesh at all. */
export type MeshSource = Exclude<CertificateSource, { readonly kind: 'none' }>;

/** The own certificate, and what the other side's is believed by; `names`: who may be there. */
export function meshCertificates(source: MeshSource, names: JsonObject): JsonObject {
  if (source.kind === 'sds') {
    return {
      tls_certificate_sds_secret_configs: [fromAgent('default')],
      combined_validation_context: {
        default_validation_context: names,
        validation_context_sds_secret_config: fromAgent('ROOTCA'),
      },
    };
  }
  const { chain, key, root } = source;
  return {
    tls_certificates: [{ certificate_chain: file(chain), private_key: file(key) }],
    validation_context: { trusted_ca: file(root), ...names },
  };
}
