// What of a VirtualService gRPC clients take over (gRFCs A28, A31, A42, A44): where calls go, by path and metadata, for how
// long, and what is tried again. The rest they cannot do, and it is said.
//
// Invariant: every route names a cluster. Other actions make gRPC refuse the routes, or fall over.
import { deepEqual } from 'fast-equals';
import type { JsonObject } from '../../../lib/json.ts';
import { memo } from '../../../lib/memo.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../../model/diagnostic.ts';
import { blackHoleCluster } from '../../../model/names.ts';
import {
  type Forward,
  type HeaderMatch,
  type HttpMatch,
  type HttpRoute,
  matchesAll,
  type Retries,
  type RouteEntry,
} from '../../../model/route.ts';
import { protoDuration } from '../duration.ts';
import { configPath, placesMetadata } from '../provenance.ts';
import { clusterOf, type RoutePlan } from '../route-plan.ts';
import { grpcBalancing } from './balancing.ts';

/** What of an Envoy's usual retries gRPC knows. */
export const usualRetries: JsonObject = { retry_on: 'unavailable,cancelled', num_retries: 2 };

const knownConditions = ['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'];

function retryPolicy(retries: Retries | null): JsonObject {
  if (retries === null) return { retry_policy: usualRetries };
  const known = (retries.conditions ?? ['unavailable', 'cancelled']).filter((each) => knownConditions.includes(each));
  if (retries.attempts === 0 || known.length === 0) return {};
  const { backoff } = retries;
  return {
    retry_policy: {
      retry_on: known.join(','),
      num_retries: retries.attempts,
      ...(backoff !== null && { retry_back_off: { base_interval: protoDuration(backoff) } }),
    },
  };
}

/** In the words that every version of gRPC has; metadata has names in small letters. */
function headerMatch({ name, value, negated }: HeaderMatch): JsonObject {
  const matchers = {
    exact: (text: string): JsonObject => ({ exact_match: text }),
    prefix: (text: string): JsonObject => ({ prefix_match: text }),
    regex: (text: string): JsonObject => ({ safe_regex_match: { regex: text } }),
  };
  const matcher = value.kind === 'present' ? { present_match: true } : matchers[value.kind](value.text);
  return { name: name.toLowerCase(), ...matcher, ...(negated && { invert_match: true }) };
}

function emitMatch({ path, ignoreCase, headers }: HttpMatch): JsonObject {
  const kind = { exact: 'path', prefix: 'prefix', regex: 'safe_regex' } as const;
  const text = path === null ? '/' : path.text;
  return {
    [kind[path?.kind ?? 'prefix']]: path?.kind === 'regex' ? { regex: text } : text,
    ...(ignoreCase && { case_sensitive: false }),
    ...(headers.length > 0 && { headers: headers.map(headerMatch) }),
  };
}

/** Whether calls have all that the match asks for: they have no parameters, and Envoy's own headers are no metadata. */
const isKnown = ({ headers, parameters }: HttpMatch): boolean =>
  parameters.length === 0 && !headers.some(({ name }) => name.startsWith(':'));

function metadata({ origin }: HttpRoute): JsonObject {
  return {
    metadata: { filter_metadata: { istio: { config: configPath(origin.object) }, ...placesMetadata([origin]) } },
  };
}

/** A share that leads nowhere fails its calls. */
function emitClusters({ shares }: Forward, plan: RoutePlan, port: number): JsonObject {
  const clusters = shares.map(({ destination, weight }) => ({
    name: clusterOf(plan, destination, port)?.name ?? blackHoleCluster,
    weight,
  }));
  return clusters.length === 1 ? { cluster: clusters[0]?.name ?? '' } : { weighted_clusters: { clusters } };
}

function hashPolicy(action: Forward, plan: RoutePlan, port: number): JsonObject {
  const keys = action.shares.flatMap(({ destination }) => {
    const cluster = clusterOf(plan, destination, port);
    return (cluster && grpcBalancing(cluster.policy).hash) ?? [];
  });
  const unique = keys.filter((key, index) => keys.findIndex((other) => deepEqual(other, key)) === index);
  return unique.length === 0 ? {} : { hash_policy: unique };
}

function emitAction(action: Forward, plan: RoutePlan, port: number): JsonObject {
  const { timeout, retries } = action;
  return {
    ...emitClusters(action, plan, port),
    ...(timeout !== null && { max_stream_duration: { max_stream_duration: protoDuration(timeout) } }),
    ...retryPolicy(retries),
    ...hashPolicy(action, plan, port),
  };
}

function emitEntry({ route, match }: RouteEntry, plan: RoutePlan, port: number): JsonObject {
  const name = [route.name, match.name].filter(Boolean).join('.');
  const action = route.action.kind === 'forward' ? emitAction(route.action, plan, port) : { cluster: blackHoleCluster };
  return { ...(name !== '' && { name }), match: emitMatch(match), ...metadata(route), route: action };
}

/** What a route asks for that gRPC clients do not do. */
function unknownParts({ action, fault, headers }: HttpRoute): readonly string[] {
  const forward = action.kind === 'forward' ? action : null;
  const own = forward?.shares.some((share) => share.headers !== null) ?? false;
  const parts = {
    'answers of the proxy itself': action.kind === 'redirect' || action.kind === 'direct-response',
    faults: fault !== null,
    'headers that are changed': headers !== null || own,
    rewrites: forward !== null && forward.rewrite !== null,
    mirrors: forward !== null && forward.mirrors.length > 0,
  };
  return Object.entries(parts).flatMap(([part, asked]) => (asked ? [part] : []));
}

/** What gRPC clients make of a match that is not what it asks for; null: nothing. */
function complaint(match: HttpMatch): string | null {
  if (!isKnown(match)) {
    return 'gRPC clients match calls by path and metadata alone, so no call of theirs takes this route';
  }
  const unlike = match.headers.find(({ negated, value }) => negated && value.kind !== 'present');
  return unlike === undefined ? null : `calls of gRPC clients that have no ${unlike.name} do not take this route`;
}

function report(entries: readonly RouteEntry[]): readonly Diagnostic[] {
  const routes = [...new Set(entries.map(({ route }) => route))];
  return [
    ...routes.flatMap((route) => {
      const parts = unknownParts(route);
      return parts.length === 0
        ? []
        : [diagnose('SLC0227', route.origin, `gRPC clients know no ${parts.join(', no ')}`)];
    }),
    ...entries.flatMap(({ match }) => {
      const message = complaint(match);
      return message === null ? [] : [diagnose('SLC0227', match.origin, message)];
    }),
  ];
}

/** The routes of a plan for calls of a port, down to the first that takes every call; and what of them is lost. */
export const emitGrpcRoutes = memo((plan: RoutePlan, port: number): Outcome<readonly JsonObject[]> => {
  const last = plan.entries.findIndex(({ match }) => matchesAll(match));
  const tried = last < 0 ? plan.entries : plan.entries.slice(0, last + 1);
  const value = tried.filter(({ match }) => isKnown(match)).map((entry) => emitEntry(entry, plan, port));
  return { value, diagnostics: report(tried) };
});
