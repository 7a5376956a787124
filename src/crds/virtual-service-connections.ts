// TCPRoute and TLSRoute of a VirtualService (networking.istio.io): which connections go where.
import ipaddr from 'ipaddr.js';
import { isObject } from '../lib/json.ts';
import type { Origin } from '../model/origin.ts';
import type { ConnectionMatch, ConnectionRoute, ConnectionShare, Subnet } from '../model/route.ts';
import { type Decoder, list, nonEmptyString, object, report, type Spot } from './decode.ts';
import { hostPattern } from './host.ts';
import { clientFields, clientMatch, whole } from './virtual-service-match.ts';
import { destinationIn, usableWeights, weight } from './virtual-service-route.ts';

/** `10.0.0.0/8`, or one address. */
const subnet: Decoder<Subnet> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  const one = ipaddr.isValid(text) && (!ipaddr.IPv4.isIPv4(text) || ipaddr.IPv4.isValidFourPartDecimal(text));
  if (!one && !ipaddr.isValidCIDR(text)) return report(spot, 'SLC0105', 'is neither an IP address nor a range of them');
  if (!one) {
    const [address, length] = ipaddr.parseCIDR(text);
    return { address: address.toString(), length };
  }
  const address = ipaddr.parse(text);
  return { address: address.toString(), length: address.kind() === 'ipv4' ? 32 : 128 };
};

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

const covers = (host: string, name: string): boolean =>
  host === name || (host.startsWith('*') && name.endsWith(host.slice(1)));

/** A match of names that some host of the rule covers. */
function tlsMatchFor(hosts: readonly string[]): Decoder<ConnectionMatch> {
  return (value, spot) => {
    const decoded = tlsFields(value, spot);
    if (decoded?.sniHosts === undefined) return undefined;
    const names = decoded.sniHosts.map((name) => name.toLowerCase());
    const strange = names.find((name) => !hosts.some((host) => covers(host, name)));
    if (strange !== undefined) return report(spot, 'SLC0105', `${strange} is not among the hosts of the rule`);
    if (names.length === 0) return report(spot, 'SLC0104', 'at least one name is required in "sniHosts"');
    const subnets = decoded.destinationSubnets ?? [];
    return { serverNames: names, subnets, source: null, client: clientMatch(decoded), origin: spot.origin };
  };
}

function everyConnection(origin: Origin): ConnectionMatch {
  return { serverNames: [], subnets: [], source: null, client: clientMatch({}), origin };
}

const nowhere: readonly ConnectionShare[] = [];

/** No shares at all: what is written cannot be understood, and such connections end. */
function sharesIn(namespace: string): Decoder<readonly ConnectionShare[]> {
  const fields = object({ destination: destinationIn(namespace), weight }, { required: ['destination'] });
  const share: Decoder<ConnectionShare> = (value, spot) => {
    const decoded = fields(value, spot);
    return decoded?.destination && { destination: decoded.destination, weight: decoded.weight ?? 0 };
  };
  return (value, spot) => {
    const shares = list(share)(value, spot);
    if (shares === undefined || !Array.isArray(value) || shares.length < value.length) return nowhere;
    const [only] = shares;
    if (only === undefined) return report(spot, 'SLC0104', 'at least one destination is required') ?? nowhere;
    if (shares.length === 1) return [{ ...only, weight: 100 }];
    return usableWeights(shares, spot) ? shares.filter((each) => each.weight > 0) : nowhere;
  };
}

function routeOf(kind: ConnectionRoute['kind'], match: Decoder<ConnectionMatch>, namespace: string) {
  const fields = object({ match: list(match), route: sharesIn(namespace) });
  return (value: Parameters<typeof fields>[0], spot: Spot): ConnectionRoute | undefined => {
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

/** The TCP routes of a rule. */
export function tcpRouteIn(namespace: string): Decoder<ConnectionRoute> {
  return routeOf('tcp', tcpMatch, namespace);
}

/** The TLS routes of a rule for these hosts. */
export function tlsRouteIn(namespace: string, hosts: readonly string[]): Decoder<ConnectionRoute> {
  return routeOf('tls', tlsMatchFor(hosts), namespace);
}
