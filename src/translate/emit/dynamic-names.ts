// Services that are every host of a domain: each request, or TLS client, names the host that is looked up for it. Envoy's
// dynamic forward proxy: a cluster, and a filter that looks names up before the cluster is asked for a connection.
import type { JsonObject } from '../../lib/json.ts';
import type { IpFamily } from '../../model/proxy.ts';

const extensions = 'type.googleapis.com/envoy.extensions';
const families: Readonly<Record<IpFamily, string>> = { v4: 'V4_ONLY', v6: 'V6_ONLY' };

/** All that use the cache have to describe it alike. */
const cache = (family: IpFamily): JsonObject => ({
  dns_cache_config: { name: 'dynamic_dns', dns_lookup_family: families[family] },
});

/** The fields of a cluster that goes to whatever host is asked for. */
export function dynamicDiscovery(family: IpFamily): JsonObject {
  return {
    cluster_type: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typed_config: {
        '@type': `${extensions}.clusters.dynamic_forward_proxy.v3.ClusterConfig`,
        ...cache(family),
        // Rules for the service say how servers are verified; Envoy would insist on its own way.
        allow_insecure_cluster_options: true,
      },
    },
    lb_policy: 'CLUSTER_PROVIDED',
  };
}

/** Looks up the hosts of requests whose route leads to such a cluster; leaves all others alone. */
export function dynamicHttpFilter(family: IpFamily): JsonObject {
  return {
    name: 'envoy.filters.http.dynamic_forward_proxy',
    typed_config: { '@type': `${extensions}.filters.http.dynamic_forward_proxy.v3.FilterConfig`, ...cache(family) },
  };
}

/** Looks up the server that a TLS client asks for. */
export function dynamicSniFilter(family: IpFamily, port: number): JsonObject {
  return {
    name: 'envoy.filters.network.sni_dynamic_forward_proxy',
    typed_config: {
      '@type': `${extensions}.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig`,
      ...cache(family),
      port_value: port,
    },
  };
}
