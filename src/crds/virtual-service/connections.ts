// TCPRoute and TLSRoute of a VirtualService (networking.istio.io): which connections go where.
import { isObject } from '../../lib/json.ts';
import type { Origin } from '../../model/origin.ts';
import type { ConnectionMatch, ConnectionRoute, ConnectionShare } from '../../model/route.ts';
import { type Decoder, list, object, report, type Spot } from '../values/decode.ts';
import { hostPattern } from '../values/host.ts';
import { subnet } from '../values/ip.ts';
import { clientFields, clientMatch, whole } from './match.ts';
import { destination, usableWeights, weight } from './route.ts';

const tcpFields = whole(object({ ...clientFields, destinationSubnets: list(subnet), sourceSubnet: subnet }));

const tcpMatch: Decoder<ConnectionMatch> = (value, spot) => {
  const decoded = tcpFields(value, spot);
  return (
    decoded && {
      serverNames: [],
      subnets: decoded.destinationSubnets ?? [],
      source: decoded.sourceSubnet ?? null,
      client: clientMatch(decoded),
      origin: spot.origin,
    }
  );
};

const tlsFields = whole(
  object(
    { ...clientFields, sniHosts: list(hostPattern), destinationSubnets: list(subnet) },
    { required: ['sniHosts'] },
  ),
);

const tlsMatch: Decoder<ConnectionMatch> = (value, spot) => {
  const decoded = tlsFields(value, spot);
  if (decoded?.sniHosts === undefined) return undefined;
  const serverNames = decoded.sniHosts.map((name) => name.toLowerCase());
  if (serverNames.length === 0) return report(spot, 'SLC0104', 'at least one name is required in "sniHosts"');
  const subnets = decoded.destinationSubnets ?? [];
  return { serverNames, subnets, source: null, client: clientMatch(decoded), origin: spot.origin };
};

function everyConnection(origin: Origin): ConnectionMatch {
  return { serverNames: [], subnets: [], source: null, client: clientMatch({}), origin };
}

const nowhere: readonly ConnectionShare[] = [];

const shareFields = object({ destination, weight }, { required: ['destination'] });
const shareList = list<ConnectionShare>((value, spot) => {
  const decoded = shareFields(value, spot);
  return decoded?.destination && { destination: decoded.destination, weight: decoded.weight ?? 0 };
});

/** No shares at all: what is written cannot be understood, and such connections end. */
const route: Decoder<readonly ConnectionShare[]> = (value, spot) => {
  const shares = shareList(value, spot);
  if (shares === undefined || !Array.isArray(value) || shares.length < value.length) return nowhere;
  const [only] = shares;
  if (only === undefined) return report(spot, 'SLC0104', 'at least one destination is required') ?? nowhere;
  if (shares.length === 1) return [{ ...only, weight: 100 }];
  return usableWeights(shares, spot) ? shares.filter((each) => each.weight > 0) : nowhere;
};

function routeOf(kind: ConnectionRoute['kind'], match: Decoder<ConnectionMatch>): Decoder<ConnectionRoute> {
  const fields = object({ match: list(match), route });
  return (value, spot) => {
    const decoded = fields(value, spot);
    if (decoded === undefined) return undefined;
    const given = isObject(value) ? (value['match'] ?? null) : null;
    const asked = given !== null && !(Array.isArray(given) && given.length === 0);
    if (!asked && kind === 'tls') return report(spot, 'SLC0104', 'a match with "sniHosts" is required');
    if (decoded.route === undefined) report(spot, 'SLC0104', 'the field "route" is required');
    const matches = asked ? (decoded.match ?? []) : [everyConnection(spot.origin)];
    return { kind, matches, shares: decoded.route ?? nowhere, origin: spot.origin };
  };
}

export const tcpRoute = routeOf('tcp', tcpMatch);
export const tlsRoute = routeOf('tls', tlsMatch);

const covers = (host: string, name: string): boolean =>
  host === name || (host.startsWith('*') && name.endsWith(host.slice(1)));

/** A route without the matches of server names that are none of the rule's hosts. */
export function withinHosts(wanted: ConnectionRoute, hosts: readonly string[], { diagnostics }: Spot): ConnectionRoute {
  const strangerIn = ({ serverNames }: ConnectionMatch): string | undefined =>
    serverNames.find((name) => !hosts.some((host) => covers(host, name)));
  const matches = wanted.matches.filter((match) => {
    const stranger = strangerIn(match);
    const message = `${stranger} is not among the hosts of the rule, so the match is left out`;
    if (stranger !== undefined) report({ origin: match.origin, diagnostics }, 'SLC0105', message);
    return stranger === undefined;
  });
  return { ...wanted, matches };
}
