// The policy of one port, put together from the blocks above it. Source: Istio's rules of inheritance.
import type { PortBlocks, TrafficPolicy } from '../../crds/destination-rule/traffic-policy.ts';
import { memo } from '../../lib/memo.ts';
import { defaultBalancing } from '../../model/lb-policy.ts';
import { defaultPortPolicy, type PortPolicy } from '../../model/port-policy.ts';

/** What blocks come to where nothing stands above them; of `around` come the settings that ports cannot have. */
function compose(blocks: PortBlocks, around: Pick<PortPolicy, 'tunnel' | 'proxyProtocol' | 'retryBudget'>): PortPolicy {
  return {
    ...(blocks.loadBalancer ?? defaultBalancing),
    connectionPool: blocks.connectionPool,
    outlierDetection: blocks.outlierDetection,
    tls: blocks.tls,
    tunnel: around.tunnel,
    proxyProtocol: around.proxyProtocol,
    retryBudget: around.retryBudget,
  };
}

const ofWhole = memo((policy: TrafficPolicy): PortPolicy => compose(policy, policy));

/** A port that is set by itself inherits no block; only the tunnel holds for all ports. */
const ofLevel = memo(
  (level: PortBlocks, policy: TrafficPolicy): PortPolicy =>
    compose(level, { tunnel: policy.tunnel, proxyProtocol: null, retryBudget: null }),
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

const verified = memo((policy: PortPolicy, names: readonly string[]): PortPolicy => {
  const { tls } = policy;
  return tls?.kind === 'tls' ? { ...policy, tls: { ...tls, names } } : policy;
});

/** Where the rule names nobody whom the server has to be, the service does. */
export function withNames(policy: PortPolicy, names: readonly string[]): PortPolicy {
  const silent = policy.tls?.kind === 'tls' && policy.tls.names.length === 0;
  return silent && names.length > 0 ? verified(policy, names) : policy;
}
