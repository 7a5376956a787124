// How a gRPC client spreads its calls: of Envoy's policies it knows ROUND_ROBIN and RING_HASH (gRFC A42), and a cluster
// with another one it refuses.
import type { JsonObject } from '../../../lib/json.ts';
import { type Diagnostic, diagnose } from '../../../model/diagnostic.ts';
import { type HashKey, type HashStep, hashStepsOf, type LbPolicy } from '../../../model/lb-policy.ts';
import { at, type Origin } from '../../../model/origin.ts';
import type { PortPolicy } from '../../../model/port-policy.ts';
import { emitLbPolicy } from '../lb-policy.ts';

/** What comes of a policy for a gRPC client. */
export interface GrpcBalancing {
  /** The balancing fields of envoy.config.cluster.v3.Cluster. */
  readonly fields: JsonObject;
  /** RouteAction.hash_policy; empty: nothing is hashed. */
  readonly hash: readonly JsonObject[];
  /** What is left out of what the user asked for: the field, and why. */
  readonly lost: { readonly field: string; readonly why: string } | null;
}

/** gRPC's name for what all calls of one channel have in common. */
const channelId = 'io.grpc.channel_id';

/** A header that gRPC hashes: metadata has names in small letters, no pseudo-headers, and binary values are passed over. */
function emitHeader(name: string): JsonObject | null {
  const hashable = !name.startsWith(':') && !name.toLowerCase().endsWith('-bin');
  return hashable ? { header: { header_name: name.toLowerCase() } } : null;
}

/** The hash policy of a key; null where gRPC would pass it over, and each call would go to a random endpoint. */
function emitGrpcHash(key: HashKey): JsonObject | null {
  if (key.kind === 'header') return emitHeader(key.name);
  // A client does not know its own address before it has chosen an endpoint.
  return key.kind === 'source-ip' ? { filter_state: { key: channelId } } : null;
}

function emitGrpcStep({ key, terminal }: HashStep): JsonObject | null {
  const emitted = emitGrpcHash(key);
  return emitted !== null && terminal ? { ...emitted, terminal } : emitted;
}

const nothing: readonly JsonObject[] = [];

const keyNames: Readonly<Record<HashKey['kind'], string>> = {
  header: 'this header',
  cookie: 'a cookie',
  'query-parameter': 'a query parameter',
  'source-ip': 'an address',
};

const policyNames: { readonly [K in LbPolicy['kind']]: readonly [name: string, field: string] } = {
  'least-request': ['LEAST_REQUEST', 'simple'],
  'round-robin': ['ROUND_ROBIN', 'simple'],
  random: ['RANDOM', 'simple'],
  passthrough: ['PASSTHROUGH', 'simple'],
  'ring-hash': ['RING_HASH', 'consistentHash'],
  maglev: ['MAGLEV', 'consistentHash'],
  'backend-utilization': ['backend utilization', 'backendUtilization'],
};

const turns = emitLbPolicy({ kind: 'round-robin', slowStart: null });

/** ROUND_ROBIN, or RING_HASH where the key is one that gRPC hashes. */
export function grpcBalancing(policy: PortPolicy): GrpcBalancing {
  const { lb, hash } = policy;
  const [name, field] = policyNames[lb.kind];
  if (lb.kind === 'round-robin') {
    const why = 'no warm-up of new endpoints';
    return { fields: turns, hash: nothing, lost: lb.slowStart === null ? null : { field: 'warmup', why } };
  }
  if (lb.kind !== 'ring-hash') return { fields: turns, hash: nothing, lost: { field, why: `no ${name}` } };
  // gRPC refuses a ring with another hash function.
  const ring = emitLbPolicy({ ...lb, hashFunction: null });
  // As in Envoy, each call goes to a random endpoint then.
  if (hash === null || (hash.kind === 'source-ip' && !hash.enabled)) return { fields: ring, hash: nothing, lost: null };
  const keys = hashStepsOf(policy)
    .map(emitGrpcStep)
    .filter((each) => each !== null);
  if (keys.length > 0) return { fields: ring, hash: keys, lost: null };
  return { fields: turns, hash: nothing, lost: { field, why: `no hash of ${keyNames[hash.kind]}` } };
}

/** Says what of policies that a user wrote gRPC clients cannot do; each policy once. */
export function reportLost(policies: Iterable<PortPolicy>): readonly Diagnostic[] {
  return [...new Set(policies)].flatMap((policy) => {
    const { lost } = grpcBalancing(policy);
    if (lost === null || policy.origin === null)
      return [...lostHashing(policy), ...lostZones(policy), ...lostBlocks(policy)];
    const message = `gRPC clients know ${lost.why}; they balance by ROUND_ROBIN`;
    return [diagnose('SLC0403', at(policy.origin, lost.field), message), ...lostZones(policy), ...lostBlocks(policy)];
  });
}

/** Of several keys those that gRPC passes over. */
function lostKeys({ hashSteps, origin }: PortPolicy): Diagnostic[] {
  const lost = hashSteps.filter(({ key }) => emitGrpcHash(key) === null).map(({ key }) => keyNames[key.kind]);
  if (lost.length === 0 || origin === null) return [];
  return [diagnose('SLC0403', origin, `gRPC clients know no hash of ${lost.join(', ')}; the other keys count`)];
}

function lostHashing(policy: PortPolicy): Diagnostic[] {
  const { lb, origin } = policy;
  if (lb.kind !== 'ring-hash' || origin === null) return [];
  return [...lostKeys(policy), ...lostSettings(lb, origin)];
}

function lostSettings(lb: Extract<LbPolicy, { readonly kind: 'ring-hash' }>, origin: Origin): Diagnostic[] {
  if (lb.balanceFactor === null && (lb.hashFunction ?? 'XX_HASH') === 'XX_HASH') return [];
  const message = "gRPC clients hash by XX_HASH alone, without a limit to an endpoint's share of the load";
  return [diagnose('SLC0403', origin, message)];
}

function lostZones({ locality }: PortPolicy): Diagnostic[] {
  if (locality?.kind !== 'zone-aware') return [];
  return [diagnose('SLC0403', locality.origin, 'gRPC clients do not weigh zones; they call all of a region alike')];
}

function lostBlocks({
  connectionPool,
  outlierDetection,
  tls,
  proxyProtocol,
  retryBudget,
  healthCheck,
}: PortPolicy): Diagnostic[] {
  const encrypts = tls?.kind === 'tls' || tls?.kind === 'mesh';
  const blocks = [connectionPool, outlierDetection, encrypts ? tls : null, proxyProtocol, retryBudget, healthCheck];
  return blocks.flatMap((block) => {
    if (block === null) return [];
    const message =
      block === tls
        ? 'gRPC clients encrypt their calls as their own credentials say, not as the rule does'
        : 'gRPC clients leave this block out';
    return [diagnose('SLC0405', block.origin, message)];
  });
}
