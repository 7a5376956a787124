// A ring or a table with so few places for each endpoint that chance decides the shares.
import { at } from '../../../model/origin.ts';
import type { Finder } from '../facts.ts';
import { describeTarget, type Target } from '../targets.ts';

/** Envoy's defaults: RingHashLbConfig.minimum_ring_size and MaglevLbConfig.table_size. */
const usualRing = 1024;
const usualTable = 65537;
/** With so many places each the shares differ by a third on a ring, by a tenth in a table. */
const fewest = 10;
const enough = 100;

interface Places {
  readonly what: string;
  readonly size: number;
  readonly consequence: (each: number) => string;
  readonly better: (size: number) => string;
}

function placesOf({ lb }: Target['policy']): Places | null {
  if (lb.kind === 'ring-hash') {
    const consequence = (each: number): string => `shares differ by about ${Math.round(100 / Math.sqrt(each))} %`;
    return { what: 'ring', size: lb.minimumRingSize ?? usualRing, consequence, better: (size) => `${size} or more` };
  }
  if (lb.kind !== 'maglev') return null;
  const consequence = (each: number): string =>
    each < 1 ? 'some endpoints get no request at all' : `shares differ by up to ${Math.round(100 / each)} %`;
  const better = (size: number): string => `a prime number of ${size} or more`;
  return { what: 'table', size: lb.tableSize ?? usualTable, consequence, better };
}

export const smallRings: Finder = function* ({ targets }) {
  for (const target of targets()) {
    const places = placesOf(target.policy);
    const count = target.endpoints.length;
    const { hash, origin } = target.policy;
    if (places === null || origin === null || hash === null || !target.balanced || places.size >= fewest * count)
      continue;
    // Envoy gives each endpoint one place at least on a ring, whatever its size.
    const each = places.what === 'ring' ? Math.max(1, places.size / count) : places.size / count;
    const message =
      `${describeTarget(target)} has ${count} endpoints and a ${places.what} of ${places.size} places: ` +
      `${places.consequence(each)}; ${places.better(enough * count)} would make them even`;
    yield { origin: at(origin, 'consistentHash'), message };
  }
};
