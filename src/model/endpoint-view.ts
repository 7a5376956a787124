// What of a client decides about the endpoints that it gets. What makes no difference is left out, so that clients share them.
import { interner } from '../lib/intern.ts';
import { memo } from '../lib/memo.ts';
import { type EndpointView, noLabels, nowhere } from './endpoint.ts';
import { pickLabels } from './labels.ts';
import { nodeNameLabel, type Ordering, regionLabel, subZoneLabel, zoneLabel } from './locality-lb.ts';

/** Which parts of a view make a difference; equal needs are one object. */
export interface ViewNeeds {
  readonly node: boolean;
  readonly locality: boolean;
  /** Sorted. */
  readonly labels: readonly string[];
}

/** The view of a client about which nothing is known, and of all clients where it makes no difference. */
export const anywhere: EndpointView = { node: null, locality: nowhere, labels: noLabels };

const internNeeds = interner<ViewNeeds>();

/** What several parts of a configuration need together. */
export function allNeeds(parts: Iterable<ViewNeeds>): ViewNeeds {
  const all = [...parts];
  const labels = [...new Set(all.flatMap((each) => each.labels))].sort();
  const needs = { node: all.some(({ node }) => node), locality: all.some(({ locality }) => locality), labels };
  return internNeeds(JSON.stringify(needs), () => needs);
}

export const noNeeds: ViewNeeds = allNeeds([]);
const ofLocality: ViewNeeds = allNeeds([{ node: false, locality: true, labels: [] }]);
export const ofNode: ViewNeeds = allNeeds([{ node: true, locality: false, labels: [] }]);

const localityLabels: ReadonlySet<string> = new Set([regionLabel, zoneLabel, subZoneLabel]);

/** What of a client an order of endpoints depends on. */
export const needsOf = memo((ordering: Ordering): ViewNeeds => {
  if (ordering.kind === 'distribute') return ofLocality;
  const { kind, regions, preferences } = ordering;
  const labels = preferences.flatMap(({ label, value }) => (value === null ? [label] : []));
  const node = labels.includes(nodeNameLabel);
  const byPlace = kind === 'zone-aware' || regions.length > 0 || preferences.length === 0;
  return allNeeds([{ node, locality: byPlace || labels.some((label) => localityLabels.has(label)), labels }]);
});

const internView = interner<EndpointView>();

/** The parts of a view that are needed; equal views are one object. */
export const narrowed = memo((needs: ViewNeeds, view: EndpointView): EndpointView => {
  const { region, zone, subZone } = view.locality;
  const made: EndpointView = {
    node: needs.node ? view.node : null,
    locality: needs.locality ? { region, zone, subZone } : nowhere,
    labels: pickLabels(view.labels, needs.labels),
  };
  const key = viewKey(made);
  return key === viewKey(anywhere) ? anywhere : internView(key, () => made);
});

/** Equal for equal views. */
export function viewKey({ node, locality: { region, zone, subZone }, labels }: EndpointView): string {
  return JSON.stringify([node, region, zone, subZone, ...labels]);
}
