// The kinds of resources that go over ADS.

export const typeUrls = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
} as const;

export type ResourceKind = keyof typeof typeUrls;

/** In the order in which a change is sent: what is named before what names it. */
export const resourceKinds = ['cluster', 'endpoint', 'listener', 'route'] as const satisfies readonly ResourceKind[];

/** The messages that the type URLs name. */
export const messageNames: { readonly [K in ResourceKind]: string } = {
  cluster: messageName(typeUrls.cluster),
  endpoint: messageName(typeUrls.endpoint),
  listener: messageName(typeUrls.listener),
  route: messageName(typeUrls.route),
};

function messageName(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
