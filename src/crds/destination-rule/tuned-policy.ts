// The annotations of a DestinationRule, put into the balancing of all its ports and subsets.
import { type Balancing, defaultBalancing, type LbPolicy } from '../../model/lb-policy.ts';
import {
  type BalancingSettings,
  balancingAnnotations,
  balancingSettings,
  fitsSome,
  reportLowered,
  reportUnfit,
  tuned,
} from '../annotations/balancing.ts';
import { healthAnnotations, healthCheck } from '../annotations/health-check.ts';
import { ownAnnotations } from '../annotations/own.ts';
import { inside, type Spot } from '../values/decode.ts';
import type { Metadata } from '../values/metadata.ts';
import { type PortBlocks, silentPolicy, type TrafficPolicy } from './traffic-policy.ts';

type Tune = (balancing: Balancing) => Balancing;

/** What says nothing of balancing stays silent where `tune` changes nothing of the default. */
function withBalancing<B extends PortBlocks>(blocks: B, tune: Tune): B {
  const before = blocks.loadBalancer ?? defaultBalancing;
  const after = tune(before);
  return after === before ? blocks : { ...blocks, loadBalancer: after };
}

function ofPolicy(policy: TrafficPolicy, tune: Tune): TrafficPolicy {
  if (policy.ports.size === 0) return policy;
  return { ...policy, ports: new Map([...policy.ports].map(([port, blocks]) => [port, withBalancing(blocks, tune)])) };
}

/** A subset that says nothing of balancing inherits it. */
const ofSubset = (policy: TrafficPolicy, tune: Tune): TrafficPolicy =>
  ofPolicy(policy.loadBalancer === null ? policy : withBalancing(policy, tune), tune);

function tuner(settings: BalancingSettings, kinds: Set<LbPolicy['kind']>, spot: Spot): Tune {
  const rule = inside(spot, 'metadata', 'annotations').origin;
  return (balancing) => {
    const { lb, origin } = balancing;
    kinds.add(lb.kind);
    reportLowered(settings, lb, spot);
    return fitsSome(settings, lb.kind) ? { ...tuned(balancing, settings), origin: origin ?? rule } : balancing;
  };
}

interface Policies<S> {
  readonly policy: TrafficPolicy | null;
  readonly subsets: readonly S[];
}

type WithPolicy = { readonly policy: TrafficPolicy };

function withSettings<S extends WithPolicy>(
  written: Policies<S>,
  settings: BalancingSettings,
  spot: Spot,
): Policies<S> {
  const kinds = new Set<LbPolicy['kind']>();
  const tune = tuner(settings, kinds, spot);
  const whole = withBalancing(written.policy ?? silentPolicy, tune);
  const policy = whole === silentPolicy ? written.policy : ofPolicy(whole, tune);
  const subsets = written.subsets.map((subset) => ({ ...subset, policy: ofSubset(subset.policy, tune) }));
  reportUnfit(settings, kinds, spot);
  return { policy, subsets };
}

const read = ownAnnotations({ ...balancingAnnotations, ...healthAnnotations });

/** A rule's policies with what its annotations say; the same objects where they say nothing. */
export function withAnnotations<S extends WithPolicy>(
  written: Policies<S>,
  metadata: Metadata,
  spot: Spot,
): Policies<S> {
  const found = read(metadata, spot);
  if (found === null) return written;
  const settings = balancingSettings(found, spot);
  const tuned = settings === null ? written : withSettings(written, settings, spot);
  const check = healthCheck(found, spot);
  // Ports and subsets inherit it.
  return check === null ? tuned : { ...tuned, policy: { ...(tuned.policy ?? silentPolicy), healthCheck: check } };
}
