// Hash keys that keep no client where it was.
import { stickyAnnotation, type VirtualService } from '../../../crds/virtual-service/virtual-service.ts';
import { type HashKey, isHashing } from '../../../model/lb-policy.ts';
import { at, originOf } from '../../../model/origin.ts';
import { anyClientIn, policyFor } from '../../../model/policy.ts';
import type { Destination, Shares } from '../../../model/route.ts';
import { serviceAt } from '../../../model/service.ts';
import type { Facts, Finder } from '../facts.ts';
import { describeTarget } from '../targets.ts';

/** Whether there is a key that requests may have. */
export const works = (hash: HashKey | null): boolean => hash !== null && (hash.kind !== 'source-ip' || hash.enabled);

export const keylessHashes: Finder = function* ({ targets }) {
  for (const { policy } of targets()) {
    if (policy.origin === null || policy.hash?.kind !== 'source-ip' || policy.hash.enabled) continue;
    const message = 'useSourceIp: false is no key: every request goes to a random endpoint';
    yield { origin: at(policy.origin, 'consistentHash', 'useSourceIp'), message };
  }
};

export const proxiesAtOdds: Finder = function* ({ targets }) {
  for (const target of targets()) {
    const { lb, hash, outlierDetection, origin } = target.policy;
    if (origin === null || !isHashing(lb) || !works(hash) || outlierDetection === null || !target.balanced) continue;
    const message = `outlierDetection holds for ${describeTarget(target)} too: a key moves for those proxies that have ejected its endpoint, and not for others`;
    yield { origin: at(origin, 'consistentHash'), message };
  }
};

export const unsetCookies: Finder = function* ({ targets }) {
  for (const { policy } of targets()) {
    if (policy.origin === null || policy.hash?.kind !== 'cookie' || policy.hash.ttl !== null) continue;
    // Others may be found where the cookie is not.
    if (policy.hashSteps.length > 0) continue;
    const message = `without ttl Envoy never sets the cookie "${policy.hash.name}"; a client without it goes to a random endpoint`;
    yield { origin: at(policy.origin, 'consistentHash', 'httpCookie'), message };
  }
};

/** Whether clients of the namespace are kept by a key at this destination, on any of the ports that the route may mean. */
function isKept({ host, port, subset }: Destination, namespace: string, { mesh }: Facts): boolean {
  const service = serviceAt(mesh.services, host);
  const policy = service === undefined ? null : policyFor(mesh.policies.get(service.host), anyClientIn(namespace));
  if (service === undefined || policy === null || service.resolution.kind !== 'eds') return false;
  const ports = subset === null ? policy.ports : policy.subsets.find(({ name }) => name === subset)?.ports;
  const numbers = port === null ? service.ports.map(({ number }) => number) : [port];
  return numbers.some((number) => {
    const own = ports?.get(number);
    return own !== undefined && isHashing(own.lb) && works(own.hash);
  });
}

interface Split {
  readonly shares: Shares;
  readonly origin: VirtualService['origin'];
  readonly kept: boolean;
}

/** The routes that share requests out among several destinations. */
function splitsOf({ http, namespace }: VirtualService, facts: Facts): readonly Split[] {
  return http.flatMap(({ action, origin }) => {
    if (action.kind !== 'forward' || action.shares.length < 2) return [];
    const kept = action.shares.some(({ destination }) => isKept(destination, namespace, facts));
    return [{ shares: action, origin: at(origin, 'route'), kept }];
  });
}

export const splitHashes: Finder = function* (facts) {
  for (const rule of facts.typed.virtualServices) {
    for (const { shares, origin, kept } of splitsOf(rule, facts)) {
      if (!kept || shares.sticky) continue;
      const message =
        'a hash key keeps clients at one endpoint of a destination, but the destination is drawn anew for each request';
      yield { origin, message };
    }
  }
};

export const keylessShares: Finder = function* (facts) {
  for (const rule of facts.typed.virtualServices) {
    const sticky = rule.http.some(({ action }) => action.kind === 'forward' && action.sticky);
    if (!sticky) continue;
    const splits = splitsOf(rule, facts);
    if (splits.length === 0) {
      const origin = originOf(rule.origin.object, 'metadata', 'annotations', stickyAnnotation);
      yield { origin, message: 'no route has several destinations, so there is no share to stick to' };
    }
    for (const { origin, kept } of splits) {
      if (!kept)
        yield {
          origin,
          message: 'no DestinationRule of these destinations names a hash key, so nobody sticks to a share',
        };
    }
  }
};
