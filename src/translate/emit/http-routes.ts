// The routes of a virtual host that rules speak of: envoy.config.route.v3.Route.
import type { JsonObject } from '../../lib/json.ts';
import { objectName } from '../../model/object.ts';
import type { Origin } from '../../model/origin.ts';
import { matchesAll, type RouteEntry } from '../../model/route.ts';
import { configPath, placesMetadata } from './provenance.ts';
import {
  type BoundForward,
  bindForward,
  emitDirectResponse,
  emitForward,
  emitRedirect,
  hashOrigins,
  unavailable,
} from './route-action.ts';
import { emitFilterConfig, emitHeaders, fraction } from './route-extras.ts';
import { emitMatch, pathOperation } from './route-match.ts';
import type { RoutePlan } from './route-plan.ts';

function metadata({ route: { origin } }: RouteEntry, more: readonly Origin[]): JsonObject {
  const istio = { config: configPath(origin.object) };
  return { metadata: { filter_metadata: { istio, ...placesMetadata([origin, ...more]) } } };
}

/** Names the destination where there is one alone, else the rule. */
function operation({ route, match }: RouteEntry, port: number, forward: BoundForward | null): JsonObject {
  const only = forward?.bound.length === 1 ? forward.bound[0]?.cluster : undefined;
  const { name } = objectName(route.origin.object);
  const where = only === undefined ? `${name}:${port}` : `${only.service.host}:${only.port.number}`;
  return { decorator: { operation: `${where}${pathOperation(match)}` } };
}

function nameOf({ route, match }: RouteEntry): JsonObject {
  const name = [route.name, match.name].filter(Boolean).join('.');
  return name === '' ? {} : { name };
}

/** What stands around every action. */
function around(entry: RouteEntry, port: number, forward: BoundForward | null): JsonObject {
  const { route, match } = entry;
  const own = forward?.bound.length === 1 ? (forward.bound[0]?.share.headers ?? null) : null;
  return {
    ...operation(entry, port, forward),
    ...metadata(entry, forward === null ? [] : hashOrigins(forward)),
    ...(match.statPrefix !== null && { stat_prefix: match.statPrefix }),
    ...emitFilterConfig(route),
    ...emitHeaders([route.headers, own]),
  };
}

/** A share that leads nowhere is answered with 503, and the rest goes where it should. */
function forwarding(entry: RouteEntry, plan: RoutePlan, port: number): readonly JsonObject[] {
  const { route, match } = entry;
  if (route.action.kind !== 'forward') return [];
  const forward = bindForward(route.action, plan, port);
  const head = { ...nameOf(entry), match: emitMatch(match) };
  const nowhere = { ...around(entry, port, null), ...unavailable };
  if (forward.bound.length === 0) return [{ ...head, ...nowhere }];
  const rest = {
    ...head,
    ...around(entry, port, forward),
    route: emitForward(route.action, route.headers, forward, plan, port),
  };
  if (forward.lost === 0) return [rest];
  const part = { ...emitMatch(match), runtime_fraction: { default_value: fraction(forward.lost) } };
  return [{ ...nameOf(entry), match: part, ...nowhere }, rest];
}

function emitEntry(entry: RouteEntry, plan: RoutePlan, port: number): readonly JsonObject[] {
  const { action } = entry.route;
  if (action.kind === 'forward') return forwarding(entry, plan, port);
  const head = { ...nameOf(entry), match: emitMatch(entry.match), ...around(entry, port, null) };
  if (action.kind === 'redirect') return [{ ...head, redirect: emitRedirect(action, port) }];
  return [{ ...head, ...(action.kind === 'invalid' ? unavailable : { direct_response: emitDirectResponse(action) }) }];
}

/** The routes of a plan for clients that call `port`, down to the first that takes every request. */
export function emitHttpRoutes(plan: RoutePlan, port: number): readonly JsonObject[] {
  const last = plan.entries.findIndex(({ match }) => matchesAll(match));
  const tried = last < 0 ? plan.entries : plan.entries.slice(0, last + 1);
  return tried.flatMap((entry) => emitEntry(entry, plan, port));
}

/** What the routes come from. */
export function routeOrigins(plan: RoutePlan): readonly Origin[] {
  return [...new Set(plan.entries.map(({ route }) => route.origin))];
}
