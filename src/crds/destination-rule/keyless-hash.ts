// Balancing by a hash of nothing.
import { type Balancing, isHashing } from '../../model/lb-policy.ts';
import { at } from '../../model/origin.ts';
import { report, type Spot } from '../values/decode.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

/** Reports policies that hash and have no key, neither of their own nor by an annotation. */
export function reportKeyless(policies: readonly TrafficPolicy[], { diagnostics }: Spot): void {
  for (const policy of policies) {
    for (const { loadBalancer } of [policy, ...policy.ports.values()]) {
      if (loadBalancer !== null) reportIfKeyless(loadBalancer, diagnostics);
    }
  }
}

function reportIfKeyless({ lb, hash, origin }: Balancing, diagnostics: Spot['diagnostics']): void {
  if (!isHashing(lb) || hash !== null || origin === null) return;
  const message = 'consistentHash without a key: every request goes to a random endpoint';
  report({ origin: at(origin, 'consistentHash'), diagnostics }, 'SLC0601', message);
}
