// Where a client's requests go first: near by, in shares, or to endpoints that have labels in common with the client.
import type { Locality } from './endpoint.ts';
import type { Origin } from './origin.ts';

/** A part of the world; null: any. */
export interface Area {
  readonly region: string | null;
  readonly zone: string | null;
  readonly subZone: string | null;
}

/** Clients in one area divide their requests among others, whatever is near. */
export interface Distribution {
  readonly from: Area;
  readonly shares: readonly { readonly to: Area; readonly percent: number }[];
}

/** Of other regions than its own, a client in `from` calls `to` first. */
export interface RegionFailover {
  readonly from: string;
  readonly to: string;
}

/** Endpoints with this value of a label come first; `value` null: with the same as the client. */
export interface Preference {
  readonly label: string;
  readonly value: string | null;
}

/** Which endpoints stand in for others, and in which order. Nothing in it: the nearest come first. */
interface Failover {
  readonly regions: readonly RegionFailover[];
  /** The most important one first. */
  readonly preferences: readonly Preference[];
}

/** What endpoints are weighed or ordered by. */
export type Ordering =
  | { readonly kind: 'distribute'; readonly distributions: readonly Distribution[] }
  | ({ readonly kind: 'failover' } & Failover)
  /** Envoy weighs its own zone against the others of a region; regions stand in for each other. */
  | ({ readonly kind: 'zone-aware'; readonly minClusterSize: number | null } & Failover);

/** What a rule says of places; `off`: they make no difference. */
export type LocalitySetting =
  | { readonly kind: 'off' }
  | { readonly kind: 'zone-unaware' }
  | (Ordering & { readonly origin: Origin });

/** A service may say by itself that those of the client's zone, or of its node, are called first. */
export type Nearness = 'zone' | 'node';

export const regionLabel = 'topology.kubernetes.io/region';
export const zoneLabel = 'topology.kubernetes.io/zone';
export const subZoneLabel = 'topology.istio.io/subzone';
export const networkLabel = 'topology.istio.io/network';
export const nodeNameLabel = 'kubernetes.io/hostname';

const same = (label: string): Preference => ({ label, value: null });
const zonePreferences: readonly Preference[] = [networkLabel, regionLabel, zoneLabel].map(same);
const nodePreferences: readonly Preference[] = [...zonePreferences, same(subZoneLabel), same(nodeNameLabel)];
const byNearness: { readonly [K in Nearness]: Ordering } = {
  zone: { kind: 'failover', regions: [], preferences: zonePreferences },
  node: { kind: 'failover', regions: [], preferences: nodePreferences },
};

const nearestFirst: Ordering = { kind: 'failover', regions: [], preferences: [] };

/** What decides about the order of endpoints. */
interface Placing {
  /** What a rule says; null: nothing. */
  readonly setting: LocalitySetting | null;
  readonly nearness: Nearness | null;
  /** Whether endpoints that answer badly are found out: a rule's order needs it, or nothing would ever fail over. */
  readonly detects: boolean;
}

/**
 * What orders the endpoints of a service's port: a rule's setting, else what the service says, else the mesh's setting.
 * Null: they are alike for all clients.
 */
export function orderingOf({ setting, nearness, detects }: Placing): Ordering | null {
  if (setting !== null) {
    if (setting.kind === 'off' || setting.kind === 'zone-unaware') return null;
    return setting.kind === 'failover' && !detects ? null : setting;
  }
  if (nearness !== null) return byNearness[nearness];
  // Where MeshConfig says nothing it is on.
  return detects ? nearestFirst : null;
}

/** Whether the order is one that somebody has written down. */
export const isExplicit = (ordering: Ordering): boolean =>
  ordering.kind !== 'failover' || ordering.regions.length > 0 || ordering.preferences.length > 0;

const within = (wanted: string | null, found: string): boolean => wanted === null || wanted === found;

/** Whether a place is in an area. */
export function isIn({ region, zone, subZone }: Area, place: Locality): boolean {
  return within(region, place.region) && within(zone, place.zone) && within(subZone, place.subZone);
}
