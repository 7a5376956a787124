// A balancing policy → the fields of a cluster and of its routes.
import type { JsonObject } from '../../lib/json.ts';
import {
  type BackendUtilization,
  type HashKey,
  type HashStep,
  isHashing,
  type LbPolicy,
  type SlowStart,
} from '../../model/lb-policy.ts';
import { protoDuration } from './duration.ts';

type Policy<K extends LbPolicy['kind']> = Extract<LbPolicy, { readonly kind: K }>;
type Emitter<K extends LbPolicy['kind']> = (policy: Policy<K>) => JsonObject;

/** The runtime key must not be empty and names nothing that a runtime could set; Istio writes the same. */
const noRuntimeKey = '(';

function slowStart(settings: SlowStart): JsonObject {
  const { window, aggression, minimumPercent } = settings;
  return {
    slow_start_config: {
      slow_start_window: protoDuration(window),
      ...(aggression !== null && { aggression: { default_value: aggression, runtime_key: noRuntimeKey } }),
      ...(minimumPercent !== null && { min_weight_percent: { value: minimumPercent } }),
    },
  };
}

const clientSideWeights = 'envoy.load_balancing_policies.client_side_weighted_round_robin';

function backendUtilization(policy: BackendUtilization): JsonObject {
  const { stabilizationPeriod, expirationPeriod, updatePeriod, errorPenaltyPercent, metricNames } = policy;
  const config: JsonObject = {
    '@type': `type.googleapis.com/envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin`,
    ...(stabilizationPeriod !== null && { blackout_period: protoDuration(stabilizationPeriod) }),
    ...(expirationPeriod !== null && { weight_expiration_period: protoDuration(expirationPeriod) }),
    ...(updatePeriod !== null && { weight_update_period: protoDuration(updatePeriod) }),
    ...(errorPenaltyPercent !== null && { error_utilization_penalty: errorPenaltyPercent / 100 }),
    ...(metricNames.length > 0 && { metric_names_for_computing_utilization: metricNames }),
  };
  const policies = [{ typed_extension_config: { name: clientSideWeights, typed_config: config } }];
  return { load_balancing_policy: { policies } };
}

const leastRequestName = 'envoy.load_balancing_policies.least_request';

/** envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest: the cluster's own field knows no full scan. */
function fullScan(policy: Policy<'least-request'>, locality: JsonObject): JsonObject {
  const config: JsonObject = {
    '@type': 'type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest',
    selection_method: 'FULL_SCAN',
    ...leastRequest({ ...policy, choiceCount: null }),
    ...(Object.keys(locality).length > 0 && { locality_lb_config: locality }),
  };
  const policies = [{ typed_extension_config: { name: leastRequestName, typed_config: config } }];
  return { load_balancing_policy: { policies } };
}

/** Cluster.LeastRequestLbConfig; null: all of it is Envoy's default. */
function leastRequest(policy: Policy<'least-request'>): JsonObject | null {
  const { slowStart: start, choiceCount, activeRequestBias: bias } = policy;
  if (start === null && choiceCount === null && bias === null) return null;
  return {
    ...(choiceCount !== null && { choice_count: choiceCount }),
    ...(bias !== null && { active_request_bias: { default_value: bias, runtime_key: noRuntimeKey } }),
    ...(start !== null && slowStart(start)),
  };
}

/** Cluster.RingHashLbConfig; null: all of it is Envoy's default. */
function ring(policy: Policy<'ring-hash'>): JsonObject | null {
  const { minimumRingSize: least, maximumRingSize: most, hashFunction } = policy;
  if (least === null && most === null && hashFunction === null) return null;
  return {
    ...(least !== null && { minimum_ring_size: least }),
    ...(most !== null && { maximum_ring_size: most }),
    ...(hashFunction !== null && { hash_function: hashFunction }),
  };
}

/** Cluster.CommonLbConfig: how far a hash may overload an endpoint. */
export function emitHashBalance(policy: LbPolicy): JsonObject {
  const factor = isHashing(policy) ? policy.balanceFactor : null;
  return factor === null ? {} : { consistent_hashing_lb_config: { hash_balance_factor: factor } };
}

const emitters: { readonly [K in LbPolicy['kind']]: Emitter<K> } = {
  'least-request': (policy) => {
    if (policy.choiceCount === 'all') return fullScan(policy, {});
    const config = leastRequest(policy);
    return { lb_policy: 'LEAST_REQUEST', ...(config !== null && { least_request_lb_config: config }) };
  },
  'round-robin': ({ slowStart: start }) => ({
    lb_policy: 'ROUND_ROBIN',
    ...(start !== null && { round_robin_lb_config: slowStart(start) }),
  }),
  random: () => ({ lb_policy: 'RANDOM' }),
  passthrough: () => ({ lb_policy: 'CLUSTER_PROVIDED' }),
  'ring-hash': (policy) => {
    const config = ring(policy);
    return { lb_policy: 'RING_HASH', ...(config !== null && { ring_hash_lb_config: config }) };
  },
  maglev: ({ tableSize }) => ({
    lb_policy: 'MAGLEV',
    ...(tableSize !== null && { maglev_lb_config: { table_size: tableSize } }),
  }),
  'backend-utilization': backendUtilization,
};

const wrrLocality = 'envoy.load_balancing_policies.wrr_locality';

/** The same within a place that is chosen by its weight: envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality. */
function backendUtilizationByLocality(policy: BackendUtilization): JsonObject {
  const config: JsonObject = {
    '@type': 'type.googleapis.com/envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality',
    endpoint_picking_policy: backendUtilization(policy)['load_balancing_policy'] ?? {},
  };
  const policies = [{ typed_extension_config: { name: wrrLocality, typed_config: config } }];
  return { load_balancing_policy: { policies } };
}

/** The balancing fields of envoy.config.cluster.v3.Cluster. */
export function emitLbPolicy(policy: LbPolicy): JsonObject {
  const emit = emitters[policy.kind] as (policy: LbPolicy) => JsonObject;
  return emit(policy);
}

/** Whether the policy itself says what places are chosen by, not the cluster beside it. */
export const choosesPlaces = (policy: LbPolicy): boolean =>
  policy.kind === 'backend-utilization' || (policy.kind === 'least-request' && policy.choiceCount === 'all');

/** The same with what places are chosen by (Cluster.CommonLbConfig); most policies read that beside them. */
export function emitLbPolicyByPlace(policy: LbPolicy, places: JsonObject): JsonObject {
  if (policy.kind === 'least-request' && policy.choiceCount === 'all') return fullScan(policy, places);
  const weighed = policy.kind === 'backend-utilization' && 'locality_weighted_lb_config' in places;
  return weighed ? backendUtilizationByLocality(policy) : emitLbPolicy(policy);
}

type HashEmitter<K extends HashKey['kind']> = (key: Extract<HashKey, { readonly kind: K }>) => JsonObject;

const hashEmitters: { readonly [K in HashKey['kind']]: HashEmitter<K> } = {
  header: ({ name }) => ({ header: { header_name: name } }),
  cookie: ({ name, path, ttl, attributes }) => ({
    cookie: {
      name,
      ...(path !== '' && { path }),
      // Without a ttl Envoy hashes a cookie that is there but makes none.
      ...(ttl !== null && { ttl: protoDuration(ttl) }),
      ...(attributes.length > 0 && { attributes: attributes.map(({ name: key, value }) => ({ name: key, value })) }),
    },
  }),
  'query-parameter': ({ name }) => ({ query_parameter: { name } }),
  'source-ip': ({ enabled }) => ({ connection_properties: enabled ? { source_ip: true } : {} }),
};

/** RouteAction.hash_policy: what of a request decides its endpoint. */
export function emitHashPolicy({ key, terminal }: HashStep): JsonObject {
  const emit = hashEmitters[key.kind] as (key: HashKey) => JsonObject;
  return terminal ? { ...emit(key), terminal } : emit(key);
}
