// What is done with a request: the action of an envoy.config.route.v3.Route.
import { deepEqual } from 'fast-equals';
import type { JsonObject } from '../../lib/json.ts';
import { type HashStep, hashStepsOf } from '../../model/lb-policy.ts';
import type { Origin } from '../../model/origin.ts';
import type {
  Body,
  DirectResponse,
  Forward,
  HeaderRules,
  Mirror,
  PathRewrite,
  Redirect,
  RedirectStatus,
  Share,
} from '../../model/route.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import { protoDuration } from './duration.ts';
import { emitHashPolicy } from './lb-policy.ts';
import { emitRetries } from './retry-policy.ts';
import { emitHeaders, fraction } from './route-extras.ts';
import { clusterOf, type RoutePlan } from './route-plan.ts';

/**
 * Requests end when their two ends say so, not by the clock; a gRPC client's own deadline holds as it is. (Istio says the
 * same with max_grpc_timeout, which Envoy warns of and is about to remove.)
 */
export const noTimeouts: JsonObject = { timeout: '0s', max_stream_duration: { grpc_timeout_header_max: '0s' } };

/**
 * Beside a max_stream_duration Envoy would not look at the timeout. Where a gRPC client's own deadline comes earlier, the
 * client itself ends the call.
 */
function timeouts({ timeout }: Forward): JsonObject {
  return timeout === null ? noTimeouts : { timeout: protoDuration(timeout) };
}

/** Answers 503: the route leads nowhere. */
export const unavailable: JsonObject = { direct_response: { status: 503 } };

/** A share with the cluster that it goes to. */
interface BoundShare {
  readonly share: Share;
  readonly cluster: ClusterPlan;
}

/** A forward bound to clusters. */
export interface BoundForward {
  readonly bound: readonly BoundShare[];
  /** Of all weights, how much in percent leads nowhere. */
  readonly lost: number;
}

export function bindForward({ shares }: Forward, plan: RoutePlan, port: number): BoundForward {
  const bound = shares.flatMap((share) => {
    const cluster = clusterOf(plan, share.destination, port);
    return cluster === null ? [] : [{ share, cluster }];
  });
  const sum = (list: readonly Share[]): number => list.reduce((total, { weight }) => total + weight, 0);
  const total = sum(shares);
  return { bound, lost: ((total - sum(bound.map(({ share }) => share))) / total) * 100 };
}

const authorityOf = (headers: HeaderRules | null): JsonObject =>
  headers?.authority == null ? {} : { host_rewrite_literal: headers.authority };

function weightedCluster({ share: { weight, headers }, cluster }: BoundShare): JsonObject {
  return { name: cluster.name, weight, ...emitHeaders([headers]), ...authorityOf(headers) };
}

function emitClusters({ bound }: BoundForward, sticky: boolean): JsonObject {
  const [first, second] = bound;
  if (first !== undefined && second === undefined) return { cluster: first.cluster.name };
  const use = sticky && { use_hash_policy: true };
  return { weighted_clusters: { clusters: bound.map(weightedCluster), ...use } };
}

function emitRewrite(path: PathRewrite | null | undefined): JsonObject {
  if (path == null) return {};
  if (path.kind === 'uri') return { prefix_rewrite: path.uri };
  return { regex_rewrite: { pattern: { regex: path.pattern }, substitution: path.substitution } };
}

/** A single destination's own host counts as the route's. */
function emitAuthority({ rewrite }: Forward, headers: HeaderRules | null, { bound }: BoundForward): JsonObject {
  const own = bound.length === 1 ? (bound[0]?.share.headers?.authority ?? null) : null;
  const authority = rewrite?.authority ?? own ?? headers?.authority ?? null;
  return authority === null ? {} : { host_rewrite_literal: authority };
}

function emitMirrors(mirrors: readonly Mirror[], plan: RoutePlan, port: number): JsonObject {
  const policies = mirrors.flatMap(({ destination, percent }) => {
    const cluster = clusterOf(plan, destination, port);
    if (cluster === null) return [];
    const runtime_fraction = { default_value: fraction(percent) };
    // Without a suffix to the host, as one would call it.
    return [{ cluster: cluster.name, runtime_fraction, trace_sampled: false, disable_shadow_host_suffix_append: true }];
  });
  return policies.length === 0 ? {} : { request_mirror_policies: policies };
}

/** The keys of all destinations, each once. */
function hashKeys({ bound }: BoundForward): readonly HashStep[] {
  const steps = bound.flatMap(({ cluster }) => hashStepsOf(cluster.policy));
  return steps.filter(({ key }, index) => steps.findIndex((other) => deepEqual(other.key, key)) === index);
}

/** Where the keys are written. */
export function hashOrigins({ bound }: BoundForward): readonly Origin[] {
  const origins = bound.flatMap(({ cluster: { policy } }) => (policy.hash === null ? [] : (policy.origin ?? [])));
  return origins.filter((origin, index) => origins.findIndex((other) => deepEqual(other, origin)) === index);
}

/** RouteAction to clusters that are there. */
export function emitForward(
  action: Forward,
  headers: HeaderRules | null,
  forward: BoundForward,
  plan: RoutePlan,
  port: number,
): JsonObject {
  const keys = hashKeys(forward);
  const usual = forward.bound[0]?.cluster.policy.retries ?? null;
  const retry = emitRetries(action.retries ?? usual, forward.bound.length === 1 && keys.length > 0);
  return {
    ...emitClusters(forward, action.sticky),
    ...emitRewrite(action.rewrite?.path),
    ...emitAuthority(action, headers, forward),
    ...timeouts(action),
    ...(retry !== null && { retry_policy: retry }),
    ...(keys.length > 0 && { hash_policy: keys.map(emitHashPolicy) }),
    ...emitMirrors(action.mirrors, plan, port),
  };
}

const responseCodes: Readonly<Record<RedirectStatus, string>> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};

const usualPorts: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** A scheme's usual port is not written out. */
function redirectPort({ port, scheme }: Redirect, called: number): JsonObject {
  if (port === null || port.kind === 'protocol') return {};
  const number = port.kind === 'request' ? called : port.number;
  const usual = scheme === null || !Object.hasOwn(usualPorts, scheme) ? null : usualPorts[scheme];
  return number === usual ? {} : { port_redirect: number };
}

export function emitRedirect(action: Redirect, called: number): JsonObject {
  const { path, authority, scheme, status } = action;
  return {
    ...(path !== null && { [path.kind === 'whole' ? 'path_redirect' : 'prefix_rewrite']: path.text }),
    ...(authority !== null && { host_redirect: authority }),
    ...redirectPort(action, called),
    ...(scheme !== null && { scheme_redirect: scheme }),
    response_code: responseCodes[status],
  };
}

const emitBody = ({ kind, content }: Body): JsonObject =>
  kind === 'text' ? { inline_string: content } : { inline_bytes: content };

export function emitDirectResponse({ status, body }: DirectResponse): JsonObject {
  return { status, ...(body !== null && { body: emitBody(body) }) };
}
