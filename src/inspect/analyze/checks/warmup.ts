// A warmup that no endpoint ever needs.
import type { SlowStart } from '../../../model/lb-policy.ts';
import { at } from '../../../model/origin.ts';
import type { Finder } from '../facts.ts';
import { byOrigin, type Target } from '../targets.ts';

function warmupOf({ policy: { lb } }: Target): SlowStart | null {
  return lb.kind === 'least-request' || lb.kind === 'round-robin' ? lb.slowStart : null;
}

export const uselessWarmups: Finder = function* ({ targets }) {
  const warmed = targets().filter((target) => warmupOf(target) !== null && target.balanced);
  for (const { origin, targets: all } of byOrigin(warmed, ({ policy }) => policy.origin)) {
    const [first] = all;
    const percent = first === undefined ? null : (warmupOf(first)?.minimumPercent ?? null);
    if (percent === 100) {
      const message = 'an endpoint that starts with 100 % of its share has nothing to grow to';
      yield { origin: at(origin, 'warmup', 'minimumPercent'), message };
    } else if (first !== undefined && all.every(({ endpoints }) => endpoints.length === 1)) {
      yield {
        origin: at(origin, 'warmup'),
        message: `${first.service.host} has one endpoint, which gets every request`,
      };
    }
  }
};
