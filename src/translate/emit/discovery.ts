// Where a cluster's endpoints come from, and how they are balanced: the discovery types of envoy.config.cluster.v3.Cluster.
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { Endpoint, EndpointView } from '../../model/endpoint.ts';
import { anywhere } from '../../model/endpoint-view.ts';
import { defaultBalancing } from '../../model/lb-policy.ts';
import type { IpFamily, ProxyGroup } from '../../model/proxy.ts';
import type { NameResolution } from '../../model/service.ts';
import { type ClusterPlan, isDynamic } from './cluster-plan.ts';
import { protoDuration } from './duration.ts';
import { dynamicDiscovery } from './dynamic-names.ts';
import { assignment, seenBy } from './endpoints.ts';
import { emitLbPolicyByPlace } from './lb-policy.ts';
import { emitPlaces } from './locality.ts';

/** Where ADS resources come from. Zero: wait for the answer, however late it comes. */
export const adsSource: JsonObject = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };

/** What of a proxy the way to endpoints depends on, where proxies find them by themselves. */
export interface Seeker {
  readonly view: EndpointView;
  readonly family: IpFamily;
  /** In milliseconds. */
  readonly refresh: number;
}

const seeker = memo((view: EndpointView, family: IpFamily, refresh: number): Seeker => ({ view, family, refresh }));
/** Stands for all proxies, where they are alike. */
const anybody: Seeker = { view: anywhere, family: 'v4', refresh: 0 };

/** What of a group the discovery of a cluster depends on; mostly nothing, so that all share the cluster. */
export function seekerOf(plan: ClusterPlan, { endpointView, ipFamily, defaults }: ProxyGroup): Seeker {
  if (plan.named !== null) return seeker(seenBy(plan, endpointView), ipFamily, defaults.nameRefresh);
  return isDynamic(plan) ? seeker(anywhere, ipFamily, 0) : anybody;
}

const families: Readonly<Record<IpFamily, string>> = { v4: 'V4_ONLY', v6: 'V6_ONLY' };

/** How names are looked up; as with Istio each answer is kept for as long as its time to live says. */
const lookups = ({ family, refresh }: Seeker): JsonObject => ({
  '@type': 'type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster',
  dns_lookup_family: families[family],
  dns_refresh_rate: protoDuration(refresh),
  respect_dns_ttl: true,
  dns_jitter: '0.1s',
  // A socket that is used for ever may be one that nobody answers any more.
  typed_dns_resolver_config: {
    name: 'envoy.network.dns_resolver.cares',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
      udp_max_queries: 100,
    },
  },
});

function balancing(plan: ClusterPlan): JsonObject {
  const { lb: asked } = plan.policy;
  const policy = asked.kind === 'passthrough' ? defaultBalancing.lb : asked;
  return emitLbPolicyByPlace(policy, emitPlaces(plan));
}

/** What Istio calls STRICT_DNS and LOGICAL_DNS; Envoy has put what goes with them into a type of its own. */
const single: Readonly<Record<NameResolution['kind'], JsonObject>> = {
  dns: {},
  'dns-round-robin': { all_addresses_in_single_endpoint: true },
};

const none: readonly Endpoint[] = [];

/** The names stand in the cluster. Without any nothing is looked up, and nobody answers. */
function namedDiscovery(plan: ClusterPlan, { kind, endpoints }: NameResolution, seeker: Seeker): JsonObject {
  const list = assignment(plan, endpoints.get(plan.port.name) ?? none, seeker.view);
  // A place that gets no share stays in other assignments; where one name alone is looked up Envoy would refuse it.
  const groups = (list['endpoints'] as readonly JsonObject[]).filter((group) => group['lb_endpoints'] !== undefined);
  const lb = balancing(plan);
  if (groups.length === 0) return { type: 'STATIC', ...lb };
  const typed = { ...lookups(seeker), ...single[kind] };
  return {
    cluster_type: { name: 'envoy.cluster.dns', typed_config: typed },
    load_assignment: { ...list, endpoints: groups },
    ...lb,
  };
}

/** The fields of a cluster that say where its endpoints are. */
export function emitDiscovery(plan: ClusterPlan, seeker: Seeker): JsonObject {
  const { name, eds, named } = plan;
  if (named !== null) return namedDiscovery(plan, named, seeker);
  if (isDynamic(plan)) return dynamicDiscovery(seeker.family);
  if (!eds) return { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };
  return { type: 'EDS', eds_cluster_config: { service_name: name, eds_config: adsSource }, ...balancing(plan) };
}
