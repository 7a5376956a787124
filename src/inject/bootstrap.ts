// The configuration that an Envoy starts with: who it is, and where Sluice is.
import { isIP } from 'node:net';
import type { JsonObject } from '../lib/json.ts';
import type { Locality } from '../model/endpoint.ts';
import { localCluster } from '../model/names.ts';
import type { Interception, Role } from '../model/proxy.ts';
import { agentCertificates, http2Options, sdsClusterJson } from './agent-certificates.ts';

export interface SidecarNode {
  /** The workload's address. */
  readonly ip: string;
  readonly name: string;
  readonly namespace: string;
  readonly interception: Interception;
  /** Added to service ports below 1024 where the proxy binds them itself; 0 for captured sidecars. */
  readonly portOffset: number;
  /**
   * Where it is. With it Envoy asks for the endpoints of the workload's own service, and weighs its zone against others
   * by them. Without it, rules that are zone-aware have no effect.
   */
  readonly locality?: Locality;
  /** With it, it is no sidecar but a gateway, with these labels where no Pod has its name. */
  readonly gateway?: { readonly labels: Readonly<Record<string, string>> };
  /** Paths of PEM files with which it calls others in the mesh, and answers them; without them in plain text alone. */
  readonly certificateFiles?: { readonly chain: string; readonly key: string; readonly root: string };
  /** The path of the Unix socket where the agent beside it gives out certificates, instead of files. */
  readonly sdsSocket?: string;
}

/** Mutual TLS with files, which Envoy reads once, when it starts. */
export interface XdsTlsFiles {
  readonly kind?: 'files';
  /** Paths of PEM files: the proxy's certificate with what links it to a CA, its key, and the CAs of Sluice's certificate. */
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  /** The DNS name or the address that Sluice's certificate has to have. */
  readonly serverName: string;
}

/** Mutual TLS with the certificates that the agent gives out (`sdsSocket`), and renews. */
export interface XdsTlsAgent {
  readonly kind: 'agent';
  readonly serverName: string;
}

export interface BootstrapOptions {
  readonly node: SidecarNode;
  /** Sluice's xDS address; a host name is resolved by Envoy. */
  readonly xds: { readonly host: string; readonly port: number };
  /** How the connection to Sluice is secured; without it, it is plain text. */
  readonly xdsTls?: XdsTlsFiles | XdsTlsAgent;
  /** `delta` sends only what differs; `sotw` (state of the world) is for comparison. */
  readonly protocol: 'delta' | 'sotw';
  /** Where Envoy's own pages listen. Port 0 asks for a free one. */
  readonly admin: { readonly host: string; readonly port: number };
  /** Envoy's runtime settings by key: `{ 'upstream.use_retry': 0 }` turns all retries off. */
  readonly runtime: JsonObject;
  /** Whether Envoy tells Sluice how much it sends where (LRS). */
  readonly loadReports?: boolean;
}

/** The static cluster that leads to Sluice. */
const xdsCluster = 'xds-grpc';

/** The node id that tells Sluice who a proxy is: `sidecar|router~IP~NAME.NAMESPACE~DOMAIN`. */
function nodeId({ ip, name, namespace, gateway }: SidecarNode): string {
  const role: Role = gateway === undefined ? 'sidecar' : 'router';
  return `${role}~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`;
}

/**
 * The bootstrap of a sidecar (envoy.config.bootstrap.v3.Bootstrap) as Envoy takes it with `-c file.json`. Everything but
 * the way to Sluice comes over ADS.
 */
export function bootstrap(options: BootstrapOptions): JsonObject {
  const { locality, sdsSocket } = options.node;
  const clusterManager = {
    ...(options.loadReports === true && { load_stats_config: loadStats }),
    ...(locality !== undefined && { local_cluster_name: localCluster }),
  };
  return {
    node: nodeJson(options.node),
    admin: { address: socketAddress(options.admin.host, options.admin.port) },
    dynamic_resources: {
      ads_config: {
        api_type: options.protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster } }],
      },
      cds_config: overAds,
      lds_config: overAds,
    },
    layered_runtime: { layers: [{ name: 'sluice', static_layer: options.runtime }] },
    ...(Object.keys(clusterManager).length > 0 && { cluster_manager: clusterManager }),
    static_resources: {
      clusters: [
        xdsClusterJson(options),
        ...(sdsSocket === undefined ? [] : [sdsClusterJson(sdsSocket)]),
        ...(locality === undefined ? [] : [ownService]),
      ],
    },
  };
}

const loadStats: JsonObject = {
  api_type: 'GRPC',
  transport_api_version: 'V3',
  grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster } }],
};

// A timeout of 0 waits for the first answer: a proxy that starts without its configuration would refuse all requests.
const overAds: JsonObject = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };

/** Its endpoints come from Sluice. Nothing is sent there, so nothing waits for ever for them. */
const ownService: JsonObject = {
  name: localCluster,
  type: 'EDS',
  eds_cluster_config: { service_name: localCluster, eds_config: { ads: {}, resource_api_version: 'V3' } },
};

function localityOf({ locality }: SidecarNode): JsonObject {
  if (locality === undefined) return {};
  const { region, zone, subZone } = locality;
  return { locality: { region, zone, sub_zone: subZone } };
}

function certificateNames({ certificateFiles, sdsSocket }: SidecarNode): JsonObject {
  // That there is an agent beside it is what Sluice assumes where nothing is said.
  if (certificateFiles === undefined) return sdsSocket === undefined ? { MESH_CERTIFICATES: 'NONE' } : {};
  const { chain, key, root } = certificateFiles;
  return {
    ...{ TLS_CLIENT_CERT_CHAIN: chain, TLS_CLIENT_KEY: key, TLS_CLIENT_ROOT_CERT: root },
    ...{ TLS_SERVER_CERT_CHAIN: chain, TLS_SERVER_KEY: key, TLS_SERVER_ROOT_CERT: root },
  };
}

function nodeJson(node: SidecarNode): JsonObject {
  const offset: JsonObject = node.portOffset === 0 ? {} : { PORT_OFFSET: node.portOffset };
  const own: JsonObject = node.locality === undefined ? {} : { ENABLE_SELF_DISCOVERY: 'true' };
  const labels: JsonObject = node.gateway === undefined ? {} : { LABELS: node.gateway.labels };
  const metadata = { NAMESPACE: node.namespace, INTERCEPTION_MODE: node.interception, ...offset, ...own, ...labels };
  return {
    id: nodeId(node),
    cluster: `${node.name}.${node.namespace}`,
    ...localityOf(node),
    metadata: { ...metadata, ...certificateNames(node) },
  };
}

function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}

function xdsClusterJson({ xds: { host, port }, xdsTls }: BootstrapOptions): JsonObject {
  return {
    name: xdsCluster,
    type: isIP(host) === 0 ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: '1s',
    // Finds out within 40 s that the control plane is gone without a word.
    typed_extension_protocol_options: http2Options({ connection_keepalive: { interval: '30s', timeout: '10s' } }),
    ...(xdsTls === undefined ? {} : { transport_socket: transportSocket(xdsTls) }),
    load_assignment: {
      cluster_name: xdsCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(host, port) } }] }],
    },
  };
}

function transportSocket(tls: XdsTlsFiles | XdsTlsAgent): JsonObject {
  const { serverName } = tls;
  const isName = isIP(serverName) === 0;
  const san_type = isName ? 'DNS' : 'IP_ADDRESS';
  const names = { match_typed_subject_alt_names: [{ san_type, matcher: { exact: serverName } }] };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      ...(isName && { sni: serverName }),
      common_tls_context: {
        alpn_protocols: ['h2'],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        ...(tls.kind === 'agent' ? agentCertificates(names) : fileCertificates(tls, names)),
      },
    },
  };
}

function fileCertificates({ certificate, key, ca }: XdsTlsFiles, names: JsonObject): JsonObject {
  return {
    tls_certificates: [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }],
    validation_context: { trusted_ca: { filename: ca }, ...names },
  };
}
