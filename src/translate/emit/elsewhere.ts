// Where calls go that no service takes: to wherever they were going, to an egress proxy, or nowhere.
import { memo } from '../../lib/memo.ts';
import type { OutboundPolicy } from '../../model/mesh-defaults.ts';
import { blackHoleCluster, passthroughCluster } from '../../model/names.ts';
import type { PortPolicy } from '../../model/port-policy.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import type { ClusterPlan } from './cluster-plan.ts';
import { clusterIn, type RouteSource } from './route-plan.ts';

export interface Elsewhere {
  readonly cluster: string;
  readonly policy: PortPolicy | null;
  /** Of the filter chain for connections. */
  readonly chain: string;
  /** Whether requests are answered with 502. */
  readonly blocks: boolean;
}

const nowhere: Elsewhere = { cluster: blackHoleCluster, policy: null, chain: 'BlackHoleFilterChain', blocks: true };
const anywhere: Elsewhere = {
  cluster: passthroughCluster,
  policy: null,
  chain: 'PassthroughFilterChain',
  blocks: false,
};

const toProxy = memo(
  ({ name, policy }: ClusterPlan): Elsewhere => ({ cluster: name, policy, chain: anywhere.chain, blocks: false }),
);

const outboundOf = ({ scope, defaults }: ProxyGroup): OutboundPolicy => scope?.outbound ?? defaults.outbound;

/** Where calls of a group go that no service takes. Without capture nobody knows where they were going. */
export function elsewhereOf(source: RouteSource, group: ProxyGroup): Elsewhere {
  const outbound = outboundOf(group);
  if (outbound.kind === 'egress-proxy') {
    const { destination } = outbound;
    const plan = clusterIn(source.find(destination.host), destination, 0);
    return plan === null ? nowhere : toProxy(plan);
  }
  return outbound.kind === 'allow-any' && group.interception !== 'NONE' ? anywhere : nowhere;
}
