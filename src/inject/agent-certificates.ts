// What of an Envoy's bootstrap leads to the agent beside it, which gives out the workload's certificates.
import type { JsonObject } from '../lib/json.ts';
import { sdsCluster } from '../model/names.ts';

/** Which configuration an Envoy has to have for HTTP/2 to a cluster. */
export function http2Options(options: JsonObject): JsonObject {
  return {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: options },
    },
  };
}

/** The static cluster of the agent, at a Unix socket. */
export function sdsClusterJson(socket: string): JsonObject {
  return {
    name: sdsCluster,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: http2Options({}),
    load_assignment: {
      cluster_name: sdsCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
    },
  };
}

function fromAgent(name: string): JsonObject {
  return {
    name,
    sds_config: {
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: sdsCluster } }],
      },
      resource_api_version: 'V3',
      initial_fetch_timeout: '0s',
    },
  };
}

/** Of a common TLS context: the own certificate and the roots of the mesh; `names`: who may be at the other end. */
export function agentCertificates(names: JsonObject): JsonObject {
  return {
    tls_certificate_sds_secret_configs: [fromAgent('default')],
    combined_validation_context: {
      default_validation_context: names,
      validation_context_sds_secret_config: fromAgent('ROOTCA'),
    },
  };
}
