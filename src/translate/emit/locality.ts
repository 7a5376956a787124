// Endpoints → localities with a weight and a priority, as a client sees them. Source: Istio's locality load balancing.
import type { JsonObject } from '../../lib/json.ts';
import { byText } from '../../lib/sorted.ts';
import { type Endpoint, type EndpointView, type Labels, type Locality, nowhere } from '../../model/endpoint.ts';
import { anywhere, viewKey } from '../../model/endpoint-view.ts';
import {
  type Distribution,
  isExplicit,
  isIn,
  networkLabel,
  nodeNameLabel,
  type Ordering,
  type Preference,
  type RegionFailover,
  regionLabel,
  subZoneLabel,
  zoneLabel,
} from '../../model/locality-lb.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import { choosesPlaces } from './lb-policy.ts';

/** Endpoints of one place that are called with the same priority. */
export interface LocalityGroup {
  readonly locality: Locality;
  readonly endpoints: readonly Endpoint[];
  /** Its share among those of its priority, where localities are chosen by weight. */
  readonly weight: number;
  /** 0 is called first; there are no gaps. */
  readonly priority: number;
}

const localityKey = ({ region, zone, subZone }: Locality): string => `${region}/${zone}/${subZone}`;

const totalWeight = (endpoints: readonly Endpoint[]): number => endpoints.reduce((sum, { weight }) => sum + weight, 0);

/** All of one priority, sorted by place; each weighs as much as its endpoints. */
export function byLocality(endpoints: readonly Endpoint[]): readonly LocalityGroup[] {
  const localities = Map.groupBy(endpoints, ({ locality }) => localityKey(locality));
  return [...localities]
    .sort(([a], [b]) => byText(a, b))
    .map(([, group]) => ({
      locality: group[0]?.locality ?? nowhere,
      endpoints: group,
      weight: totalWeight(group),
      priority: 0,
    }));
}

/** Envoy's limit: LocalityLbEndpoints.priority. */
const lowestPriority = 128;

/** The same order without gaps; what is beyond Envoy's limit is of one priority. */
function compacted(groups: readonly LocalityGroup[]): readonly LocalityGroup[] {
  const priorities = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  return groups.map((group) => {
    return { ...group, priority: Math.min(priorities.indexOf(group.priority), lowestPriority) };
  });
}

/** Shares for clients that a distribution speaks of. A place that it gives nothing stays, without endpoints. */
function distributed(
  groups: readonly LocalityGroup[],
  distributions: readonly Distribution[],
  { locality }: EndpointView,
): readonly LocalityGroup[] {
  const found = distributions.find(({ from }) => isIn(from, locality));
  if (found === undefined) return groups;
  const shareOf = (group: LocalityGroup) => found.shares.find(({ to }) => isIn(to, group.locality));
  const totals = new Map(
    [...Map.groupBy(groups, shareOf)].map(([share, all]) => [share, all.reduce((sum, { weight }) => sum + weight, 0)]),
  );
  return groups.map((group) => {
    const share = shareOf(group);
    if (share === undefined) return { ...group, endpoints: [] };
    return { ...group, weight: Math.ceil((group.weight * share.percent) / (totals.get(share) ?? 1)) };
  });
}

/** Who or what has labels and a place. */
interface Placed {
  readonly locality: Locality;
  readonly node: string | null;
  readonly labels: Labels;
}

/** Labels that say where something is. */
const places: ReadonlyMap<string, (placed: Placed) => string> = new Map([
  [regionLabel, ({ locality }) => locality.region],
  [zoneLabel, ({ locality }) => locality.zone],
  [subZoneLabel, ({ locality }) => locality.subZone],
  [nodeNameLabel, ({ node }) => node ?? ''],
]);

const labelOf = (placed: Placed, label: string): string =>
  places.get(label)?.(placed) || (placed.labels.get(label) ?? '');

/** The later the first difference, the better. Another network is worse than everything within one's own. */
function missed(preferences: readonly Preference[], endpoint: Placed, view: EndpointView): number {
  const differs = preferences.map(({ label, value }) => (value ?? labelOf(view, label)) !== labelOf(endpoint, label));
  const elsewhere = preferences[0]?.label === networkLabel && differs[0] === true;
  const index = differs.indexOf(true, elsewhere ? 1 : 0);
  return (elsewhere ? preferences.length : 0) + (index < 0 ? 0 : preferences.length - index);
}

/** By labels: a place may have endpoints of several priorities. */
function preferred(
  groups: readonly LocalityGroup[],
  preferences: readonly Preference[],
  view: EndpointView,
): readonly LocalityGroup[] {
  if (preferences.length === 0) return groups;
  // Somebody of whom nothing is known has no likes.
  if (viewKey(view) === viewKey(anywhere) && preferences.every(({ value }) => value === null)) return groups;
  const parts = groups.flatMap(({ locality, endpoints }) =>
    [...Map.groupBy(endpoints, (endpoint) => missed(preferences, endpoint, view))]
      .sort(([a], [b]) => a - b)
      .map(([priority, part]) => ({ locality, endpoints: part, weight: totalWeight(part), priority })),
  );
  return compacted(parts);
}

/** How far a place is from another: 0 is the same. Of other regions one may come before the rest. */
function distance(from: Locality, to: Locality, regions: readonly RegionFailover[]): number {
  if (from.region !== to.region) {
    const next = regions.find((each) => each.from === from.region);
    return next === undefined || next.to === to.region ? 3 : 4;
  }
  if (from.zone !== to.zone) return 2;
  return from.subZone === to.subZone ? 0 : 1;
}

/** How far a region is: among the zones of each Envoy itself chooses. */
function regionDistance(from: Locality, to: Locality, regions: readonly RegionFailover[]): number {
  if (from.region === to.region) return 0;
  return regions.some((each) => each.from === from.region && each.to === to.region) ? 1 : 2;
}

/** Within one priority the nearer ones come first. */
function refined(
  groups: readonly LocalityGroup[],
  levels: number,
  level: (locality: Locality) => number,
): readonly LocalityGroup[] {
  return compacted(groups.map((group) => ({ ...group, priority: group.priority * levels + level(group.locality) })));
}

type Placer<K extends Ordering['kind']> = (
  groups: readonly LocalityGroup[],
  ordering: Extract<Ordering, { readonly kind: K }>,
  view: EndpointView,
) => readonly LocalityGroup[];

const placers: { readonly [K in Ordering['kind']]: Placer<K> } = {
  distribute: (groups, { distributions }, view) => distributed(groups, distributions, view),
  failover: (groups, { regions, preferences }, view) => {
    const ordered = preferred(groups, preferences, view);
    if (preferences.length > 0 && regions.length === 0) return ordered;
    return refined(ordered, 5, (locality) => distance(view.locality, locality, regions));
  },
  'zone-aware': (groups, { regions, preferences }, view) => {
    const ordered = preferred(groups, preferences, view);
    return refined(ordered, 3, (locality) => regionDistance(view.locality, locality, regions));
  },
};

/** The endpoints by place, weighed or ordered for clients with this view. */
export function placeEndpoints(
  endpoints: readonly Endpoint[],
  ordering: Ordering | null,
  view: EndpointView,
): readonly LocalityGroup[] {
  const groups = byLocality(endpoints);
  if (ordering === null) return groups;
  const place = placers[ordering.kind] as Placer<Ordering['kind']>;
  return place(groups, ordering as never, view);
}

/** Whether a place is chosen by its weight before an endpoint of it is. */
const weighsPlaces = ({ ordering }: Pick<ClusterPlan, 'ordering'>): boolean =>
  ordering !== null && ordering.kind !== 'zone-aware' && isExplicit(ordering);

/** Cluster.CommonLbConfig.locality_config_specifier: what a place is chosen by. */
export function emitPlaces({ ordering, policy, eds, named }: ClusterPlan): JsonObject {
  if (!eds && named === null) return {};
  if (weighsPlaces({ ordering })) return { locality_weighted_lb_config: {} };
  if (ordering?.kind === 'zone-aware') {
    const { minClusterSize } = ordering;
    return { zone_aware_lb_config: minClusterSize === null ? {} : { min_cluster_size: minClusterSize } };
  }
  // Envoy weighs zones wherever it knows its own, unless it is told not to.
  return policy.locality?.kind === 'zone-unaware' ? { zone_aware_lb_config: { routing_enabled: { value: 0 } } } : {};
}

/** The same beside policies that do not say so themselves. */
export const emitLocalityConfig = (plan: ClusterPlan): JsonObject =>
  choosesPlaces(plan.policy.lb) ? {} : emitPlaces(plan);
