// The names that Sluice and its users' dashboards share, in one place.
//
// What there is of for every service is joined: a template of some length would keep its pieces in memory beside the text.

/** Prefix of our annotations, and the key of our provenance in Envoy's metadata. */
export const sluiceDomain = 'sluice.dev';
/** Where Istio's rules for the whole mesh live. */
export const rootNamespace = 'istio-system';
/** Where Sluice itself runs. */
export const systemNamespace = 'sluice-system';
/** The ConfigMap in it that holds MeshConfig. */
export const meshConfigMap = 'istio';
export const defaultNamespace = 'default';
/** The DNS domain of the cluster. */
export const clusterDomain = 'cluster.local';
/** Both configurations of admission webhooks. */
export const webhookConfiguration = 'sluice';

/** What the SPIFFE ids of all workloads of a trust domain begin with. */
export function identityPrefix(trustDomain: string): string {
  return `spiffe://${trustDomain}/`;
}

/** The full name of a Kubernetes Service: `my-service.default.svc.cluster.local`. */
export function serviceHost(name: string, namespace: string): string {
  return [name, namespace, 'svc', clusterDomain].join('.');
}

/** Name of the cluster for a service's port, or one subset of it. */
export function outboundCluster(port: number, subset: string, host: string): string {
  return ['outbound', port, subset, host].join('|');
}

/** The name by which TLS clients of the mesh ask for a service's port, or one subset of it. */
export function outboundSni(port: number, subset: string, host: string): string {
  return ['outbound_', port, `_${subset}_`, host].join('.');
}

/** Name of the cluster that a captured sidecar hands its own workload's requests to. */
export function inboundCluster(targetPort: number): string {
  return `inbound|${targetPort}||`;
}

export const blackHoleCluster = 'BlackHoleCluster';
export const passthroughCluster = 'PassthroughCluster';
export const inboundPassthroughCluster = 'InboundPassthroughCluster';
/** Of Envoy's bootstrap: the service that the proxy itself belongs to. */
export const localCluster = 'local_cluster';
/** Of the agent beside Envoy, which gives out the workload's certificates; part of Envoy's bootstrap. */
export const sdsCluster = 'sds-grpc';
/** The authorities that a machine trusts, where most images and Envoy itself have them. */
export const systemRoots = '/etc/ssl/certs/ca-certificates.crt';
/** The container of a sidecar, and the one before it that has the workload's connections captured: as Istio calls them. */
export const sidecarContainer = 'istio-proxy';
export const captureContainer = 'istio-init';
/** The user that Envoy and its agent run as; its own connections are not captured. */
export const proxyUser = 1337;
