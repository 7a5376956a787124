// Connections that never get where they are meant to go: routes below others, and addresses that another service has.
import { deepEqual } from 'fast-equals';
import { describePath } from '../../../model/object.ts';
import type { ConnectionMatch, ConnectionRoute } from '../../../model/route.ts';
import { isHttp, isProxied, type Service, type ServicePort, type Subnet } from '../../../model/service.ts';
import type { Finder } from '../facts.ts';
import { coversClients } from './covering.ts';

const coversSubnets = (wide: readonly Subnet[], narrow: readonly Subnet[]): boolean =>
  wide.length === 0 || (narrow.length > 0 && narrow.every((each) => wide.some((other) => deepEqual(each, other))));

/** Of names the narrower one wins wherever it stands, so only the same name takes its connections. */
const coversNames = (wide: readonly string[], narrow: readonly string[]): boolean =>
  wide.length === 0 || (narrow.length > 0 && narrow.every((name) => wide.includes(name)));

function covers(wide: ConnectionMatch, narrow: ConnectionMatch): boolean {
  return (
    coversNames(wide.serverNames, narrow.serverNames) &&
    coversSubnets(wide.subnets, narrow.subnets) &&
    (wide.source === null || deepEqual(wide.source, narrow.source)) &&
    coversClients(wide, narrow)
  );
}

export const shadowedConnections: Finder = function* ({ typed }) {
  for (const { connections } of typed.virtualServices) {
    const above: { readonly kind: ConnectionRoute['kind']; readonly match: ConnectionMatch }[] = [];
    for (const { kind, matches } of connections) {
      for (const match of matches) {
        const wide = above.find((each) => each.kind === kind && covers(each.match, match))?.match;
        above.push({ kind, match });
        if (wide === undefined) continue;
        const message = `${describePath(wide.origin.path)} above takes every connection that this is for`;
        yield { origin: match.origin, message };
      }
    }
  }
};

interface Claim {
  readonly service: Service;
  readonly port: ServicePort;
  readonly address: string;
}

/** By address and port. What callers choose themselves, and other names of services, have none. */
function claimsOf(services: Iterable<Service>): ReadonlyMap<string, readonly Claim[]> {
  const claims: Claim[] = [];
  for (const service of services) {
    if (service.resolution.kind === 'alias' || service.resolution.kind === 'passthrough') continue;
    for (const port of service.ports.filter(({ protocol }) => isProxied(protocol))) {
      for (const address of service.addresses) claims.push({ service, port, address });
    }
  }
  return Map.groupBy(claims, ({ address, port }) => `${address} ${port.number}`);
}

export const takenAddresses: Finder = function* ({ mesh }) {
  for (const claims of claimsOf(mesh.services.values()).values()) {
    // Only what is not HTTP has a listener at the address itself; of two such translation tells.
    const taker = claims.find(({ port }) => !isHttp(port.protocol));
    for (const { service, port, address } of taker === undefined ? [] : claims) {
      if (taker === undefined || !isHttp(port.protocol) || service === taker.service) continue;
      const message = `it takes every connection to port ${port.number} of ${address}, also those for ${service.host}, which has the address too`;
      yield { origin: taker.port.origin, message };
    }
  }
};
