// The policy of one port, put together from the blocks above it. Source: Istio's rules of inheritance.
import type { PortBlocks, TrafficPolicy } from '../../crds/destination-rule/traffic-policy.ts';
import { memo } from '../../lib/memo.ts';
import type { ConnectionPool } from '../../model/connection-pool.ts';
import { defaultBalancing } from '../../model/lb-policy.ts';
import type { LocalitySetting } from '../../model/locality-lb.ts';
import type { PortDefaults } from '../../model/mesh-defaults.ts';
import { defaultPortPolicy, type PortPolicy } from '../../model/port-policy.ts';

type Around = Pick<PortPolicy, 'tunnel' | 'proxyProtocol' | 'retryBudget' | 'healthCheck'>;

/** What blocks come to where nothing stands above them; of `around` come the settings that ports cannot have. */
function compose(blocks: PortBlocks, around: Around): PortPolicy {
  return {
    ...(blocks.loadBalancer ?? defaultBalancing),
    connectionPool: blocks.connectionPool,
    outlierDetection: blocks.outlierDetection,
    tls: blocks.tls,
    tunnel: around.tunnel,
    proxyProtocol: around.proxyProtocol,
    retryBudget: around.retryBudget,
    healthCheck: around.healthCheck,
    retries: null,
  };
}

const ofWhole = memo((policy: TrafficPolicy): PortPolicy => compose(policy, policy));

/** A port that is set by itself inherits no block; only the tunnel and the health check hold for all ports. */
const ofLevel = memo(
  (level: PortBlocks, policy: TrafficPolicy): PortPolicy =>
    compose(level, { tunnel: policy.tunnel, proxyProtocol: null, retryBudget: null, healthCheck: policy.healthCheck }),
);

/** The policy of a service's port. */
export function policyOfPort(policy: TrafficPolicy | null, port: number): PortPolicy {
  if (policy === null) return defaultPortPolicy;
  const level = policy.ports.get(port);
  return level === undefined ? ofWhole(policy) : ofLevel(level, policy);
}

/** Each block replaces the one above; those of a port replace all four. A tunnel is not inherited. */
const ofSubset = memo((inherited: PortPolicy, policy: TrafficPolicy, level: PortBlocks | null): PortPolicy => {
  const blocks = level ?? {
    loadBalancer: policy.loadBalancer ?? inherited,
    connectionPool: policy.connectionPool ?? inherited.connectionPool,
    outlierDetection: policy.outlierDetection ?? inherited.outlierDetection,
    tls: policy.tls ?? inherited.tls,
  };
  return compose(blocks, {
    tunnel: policy.tunnel,
    proxyProtocol: policy.proxyProtocol ?? inherited.proxyProtocol,
    retryBudget: policy.retryBudget ?? inherited.retryBudget,
    healthCheck: inherited.healthCheck,
  });
});

const isSilent = (policy: TrafficPolicy, port: number): boolean =>
  !policy.ports.has(port) && blocksOf(policy).every((block) => block === null);

const blocksOf = (policy: TrafficPolicy): readonly (object | null)[] => [
  ...[policy.loadBalancer, policy.connectionPool, policy.outlierDetection, policy.tls],
  ...[policy.tunnel, policy.proxyProtocol, policy.retryBudget],
];

/** The policy of a subset's port where `inherited` is that of the whole service's. */
export function policyOfSubset(policy: TrafficPolicy, port: number, inherited: PortPolicy): PortPolicy {
  if (inherited.tunnel === null && isSilent(policy, port)) return inherited;
  return ofSubset(inherited, policy, policy.ports.get(port) ?? null);
}

/** Where a rule has no connection pool. */
const silentPool: Omit<ConnectionPool, 'origin'> = {
  maxConnections: null,
  connectTimeout: null,
  keepalive: null,
  maxConnectionDuration: null,
  tcpIdleTimeout: null,
  maxPendingRequests: null,
  maxRequests: null,
  maxRequestsPerConnection: null,
  maxRetries: null,
  httpIdleTimeout: null,
  upgrade: 'default',
  maxConcurrentStreams: null,
  http2Keepalive: null,
};

/** What the mesh says of connections holds where a rule does not speak of it. */
function poolWith(pool: ConnectionPool | null, defaults: PortDefaults): ConnectionPool | null {
  const { connectTimeout, keepalive, upgrade, origin } = defaults;
  if (connectTimeout === null && keepalive === null && !upgrade) return pool;
  const own = pool ?? { ...silentPool, origin };
  return {
    ...own,
    connectTimeout: own.connectTimeout ?? connectTimeout,
    keepalive: own.keepalive ?? keepalive,
    upgrade: own.upgrade === 'default' && upgrade ? 'http2' : own.upgrade,
  };
}

/** A rule's setting comes first, then what the service says. Nothing fails over that is not found to be bad. */
function localityWith(
  { locality, outlierDetection }: PortPolicy,
  { locality: setting }: PortDefaults,
  ordered: boolean,
): LocalitySetting | null {
  if (locality !== null || ordered) return locality;
  return setting?.kind === 'failover' && outlierDetection === null ? null : setting;
}

/** A port's policy, completed with what holds in the whole mesh. `ordered`: its service says which endpoints come first. */
export const withPortDefaults = memo(
  (policy: PortPolicy, defaults: PortDefaults, ordered: boolean): PortPolicy => ({
    ...policy,
    locality: localityWith(policy, defaults, ordered),
    connectionPool: poolWith(policy.connectionPool, defaults),
    retries: defaults.retries,
  }),
);
const verified = memo((policy: PortPolicy, names: readonly string[]): PortPolicy => {
  const { tls } = policy;
  return tls?.kind === 'tls' ? { ...policy, tls: { ...tls, names } } : policy;
});

/** Where the rule names nobody whom the server has to be, the service does. */
export function withNames(policy: PortPolicy, names: readonly string[]): PortPolicy {
  const silent = policy.tls?.kind === 'tls' && policy.tls.names.length === 0;
  return silent && names.length > 0 ? verified(policy, names) : policy;
}
