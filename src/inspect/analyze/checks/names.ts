// Hash keys for endpoints that proxies look up by name.
import { canonicalIp } from '../../../crds/values/ip.ts';
import { isHashing } from '../../../model/lb-policy.ts';
import { at } from '../../../model/origin.ts';
import { isNamed, type Resolution } from '../../../model/service.ts';
import type { Facts, Finder } from '../facts.ts';
import { describeTarget, type Target } from '../targets.ts';
import { works } from './stickiness.ts';

interface Hashed {
  readonly target: Target;
  readonly origin: NonNullable<Target['policy']['origin']>;
}

/** Where a key is asked for, whether or not there is something to choose from. */
function* hashed({ targets }: Facts): Iterable<Hashed> {
  for (const target of targets()) {
    const { lb, hash, origin } = target.policy;
    if (origin !== null && isHashing(lb) && works(hash)) yield { target, origin: at(origin, 'consistentHash') };
  }
}

/** What a proxy sees of a service that it looks up as one; null: it sees each address. */
const single: { readonly [K in Resolution['kind']]: string | null } = {
  eds: null,
  passthrough: null,
  original: null,
  dns: null,
  'dns-round-robin': 'all addresses behind its name are one endpoint, and a connection goes to the one found then',
  'dynamic-dns': 'each request goes to the name that it asks for',
  alias: null,
};

export const hashesOfOne: Finder = function* (facts) {
  for (const { target, origin } of hashed(facts)) {
    const why = single[target.service.resolution.kind];
    if (why !== null) yield { origin, message: `${describeTarget(target)}: ${why}, so a key chooses nothing` };
  }
};

/** The names that are looked up for a port; addresses that are written out stay where they are. */
function namesOf({ service: { resolution }, port }: Target): readonly string[] {
  if (!isNamed(resolution)) return [];
  const endpoints = resolution.endpoints.get(port.name) ?? [];
  return [...new Set(endpoints.map(({ address }) => address))]
    .filter((address) => canonicalIp(address) === undefined)
    .sort();
}

export const hashesOfNames: Finder = function* (facts) {
  for (const { target, origin } of hashed(facts)) {
    const names = target.service.resolution.kind === 'dns' ? namesOf(target) : [];
    const [first, ...others] = names;
    if (first === undefined) continue;
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    const message = `the endpoints of ${describeTarget(target)} are what DNS answers for ${first}${more}: keys move when the answer changes`;
    yield { origin, message };
  }
};
