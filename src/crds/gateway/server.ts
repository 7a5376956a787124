// Server of a Gateway (networking.istio.io): a port that a gateway listens on, and for which hosts.
import type { GatewayServer, ServerHost, ServerProtocol, ServerTls } from '../../model/gateway.ts';
import { objectName } from '../../model/object.ts';
import {
  type Decoder,
  inside,
  integer,
  list,
  nonEmptyString,
  object,
  oneOf,
  portRange,
  report,
  type Spot,
  string,
} from '../values/decode.ts';
import { hostPattern } from '../values/host.ts';
import { ipAddress } from '../values/ip.ts';
import { type DecodedTls, refusedTls, serverTls } from './server-tls.ts';

/** What a protocol's name says; `encrypted`: clients speak TLS. */
interface Spoken {
  readonly word: string;
  readonly protocol: ServerProtocol;
  readonly encrypted: boolean;
}

const spoken = (word: string, protocol: ServerProtocol, encrypted: boolean): Spoken => ({ word, protocol, encrypted });

const protocols = oneOf<Spoken>(
  Object.fromEntries(
    [
      ...['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB'].map((word) => spoken(word, 'http', false)),
      ...['TCP', 'MONGO', 'MYSQL', 'REDIS'].map((word) => spoken(word, 'tcp', false)),
      spoken('HTTPS', 'http', true),
      spoken('TLS', 'tcp', true),
    ].map((each) => [each.word, each]),
  ),
);

/** The case of a protocol's name says nothing. */
const protocol: Decoder<Spoken> = (value, spot) =>
  protocols(typeof value === 'string' ? value.toUpperCase() : value, spot);

const useless =
  (why: string): Decoder<never> =>
  (_, spot) =>
    report(spot, 'SLC0110', why);

const port = object(
  {
    number: integer(portRange),
    name: nonEmptyString,
    protocol,
    targetPort: useless('the port that a gateway binds is the targetPort of its Service'),
  },
  { required: ['number', 'name', 'protocol'] },
);

/** A name alone, or with a namespace before it: one by name, `.` for the Gateway's own, `*` for all. */
const host: Decoder<ServerHost> = (value, spot) => {
  const text = nonEmptyString(value, spot);
  if (text === undefined) return undefined;
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0 || first === '') return report(spot, 'SLC0105', 'is not written as "host" or "namespace/host"');
  const name = hostPattern(second ?? first, spot)?.toLowerCase();
  if (name === undefined) return undefined;
  const own = objectName(spot.origin.object).namespace;
  const namespace = second === undefined || first === '*' ? null : first === '.' ? own : first;
  return { host: name, namespace, origin: spot.origin };
};

const fields = object(
  {
    port,
    hosts: list(host),
    bind: ipAddress,
    name: string,
    tls: serverTls,
    defaultEndpoint: useless('a gateway leads nowhere but where VirtualServices say'),
  },
  { required: ['port', 'hosts'] },
);

/** What is to be done about encryption, by what the protocol says and what the block does. */
function tlsOf(speaks: Spoken, decoded: DecodedTls | undefined, spot: Spot): ServerTls | null | undefined {
  const here = inside(spot, 'tls');
  if (speaks.encrypted) {
    if (decoded === undefined || decoded.redirectsOnly) {
      report(spot, 'SLC0104', `the field "tls" is required with protocol ${speaks.word}`);
      return refusedTls(spot);
    }
    if (decoded.httpsRedirect)
      report(inside(here, 'httpsRedirect'), 'SLC0110', 'has no effect where clients speak TLS');
    return decoded.settings;
  }
  if (decoded === undefined || (decoded.redirectsOnly && speaks.protocol === 'http')) return null;
  return report(
    here,
    'SLC0107',
    `protocol ${speaks.word} is without TLS, so the server is left out: write HTTPS or TLS`,
  );
}

/** One server. What it cannot be without is missing: it is left out, with what was said about that. */
export const server: Decoder<GatewayServer> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded?.port === undefined || decoded.hosts === undefined) return undefined;
  const { number, name, protocol: speaks } = decoded.port;
  if (number === undefined || name === undefined || speaks === undefined) return undefined;
  // Another address than the one that is meant would be open to others.
  if (decoded.bind === undefined && 'bind' in decoded) return undefined;
  if (decoded.hosts.length === 0) return report(inside(spot, 'hosts'), 'SLC0104', 'at least one host is required');
  const tls = tlsOf(speaks, decoded.tls, spot);
  if (tls === undefined) return undefined;
  return {
    port: number,
    portName: name,
    name: decoded.name || null,
    bind: decoded.bind ?? null,
    protocol: speaks.protocol,
    tls,
    httpsRedirect: decoded.tls?.httpsRedirect === true && !speaks.encrypted,
    hosts: decoded.hosts,
    origin: spot.origin,
  };
};
