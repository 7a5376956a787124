// TunnelSettings and ProxyProtocol of a DestinationRule (networking.istio.io): what stands around a connection's bytes.
import type { ProxyProtocol, Tunnel } from '../../model/port-policy.ts';
import { type Decoder, integer, nonEmptyString, object, oneOf, portRange, report } from '../values/decode.ts';

const nameCharacters = new Set('-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');
const addressCharacters = new Set(':.0123456789abcdefABCDEF');

const consistsOf = (text: string, characters: ReadonlySet<string>): boolean =>
  [...text].every((character) => characters.has(character));

/** A host name, or an IP address; it goes into the request line. */
const targetHost: Decoder<string> = (value, spot) => {
  const host = nonEmptyString(value, spot);
  if (host === undefined) return undefined;
  const fits = host.length <= 253 && (consistsOf(host, nameCharacters) || consistsOf(host, addressCharacters));
  return fits ? host : report(spot, 'SLC0105', 'must be a host name or an IP address');
};

const fields = object(
  {
    protocol: oneOf({ CONNECT: 'CONNECT', POST: 'POST' } as const),
    targetHost,
    targetPort: integer(portRange),
  },
  { required: ['targetHost', 'targetPort'] },
);

/** The settings of `tunnel`, with defaults filled in. */
export const tunnel: Decoder<Tunnel> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded?.targetHost === undefined || decoded.targetPort === undefined) return undefined;
  const { protocol = 'CONNECT', targetHost: host, targetPort } = decoded;
  const inBrackets = host.includes(':') ? `[${host}]` : host;
  return { method: protocol, target: `${inBrackets}:${targetPort}`, origin: spot.origin };
};

const proxyProtocolFields = object({ version: oneOf({ V1: 'V1', V2: 'V2' } as const) });

/** The settings of `proxyProtocol`; version 1 where none is named. */
export const proxyProtocol: Decoder<ProxyProtocol> = (value, spot) => {
  const decoded = proxyProtocolFields(value, spot);
  return decoded && { version: decoded.version ?? 'V1', origin: spot.origin };
};
