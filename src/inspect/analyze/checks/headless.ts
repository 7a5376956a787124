// Balancing that is asked for where the caller itself chooses the address.
import type { Finder } from '../facts.ts';
import { byOrigin } from '../targets.ts';

export const headlessBalancing: Finder = function* ({ targets }) {
  for (const { origin, targets: all } of byOrigin(targets(), ({ policy }) => policy.origin)) {
    const [first] = all;
    // A rule for many services may mean the others.
    const headless = all.every(({ service: { resolution } }) => resolution.kind === 'passthrough');
    if (first === undefined || !headless || first.policy.lb.kind === 'passthrough') continue;
    const message = `${first.service.host} is headless: captured callers choose the address themselves, so this has no effect`;
    yield { origin, message };
  }
};
