// The ports of a ServiceEntry, and what they speak.
import type { Protocol, ServicePort } from '../../model/service.ts';
import { type Decoder, inside, integer, nonEmptyString, object, portRange, report, string } from '../values/decode.ts';
import { protocolOf, protocolWords } from '../values/protocol.ts';

const words: Readonly<Record<string, Protocol>> = { ...protocolWords, http_proxy: 'http', udp: 'udp' };

/** The protocol in whatever case; as with Istio, a word that nobody knows leaves it to be found out. */
const protocol: Decoder<Protocol> = (value, spot) => {
  const word = nonEmptyString(value, spot);
  if (word === undefined) return undefined;
  const lower = word.toLowerCase();
  if (Object.hasOwn(words, lower)) return words[lower];
  const known = Object.keys(words).join(', ').toUpperCase();
  return report(spot, 'SLC0103', `"${word.slice(0, 100)}" is not one of ${known}; the port's name decides`);
};

const fields = object(
  { number: integer(portRange), name: string, protocol, targetPort: integer(portRange) },
  { required: ['number'] },
);

const port: Decoder<ServicePort> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded?.number === undefined) return undefined;
  const { number, name = '', targetPort = number } = decoded;
  if (name === '') return report(inside(spot, 'name'), 'SLC0104', 'the field "name" is required');
  const named = () => protocolOf({ name, number, appProtocol: null, transport: 'TCP' });
  return { name, number, protocol: decoded.protocol ?? named(), targetPort, origin: spot.origin };
};

/** The ports; of those with equal names or numbers the first. */
export const ports: Decoder<readonly ServicePort[]> = (value, spot) => {
  if (!Array.isArray(value)) return report(spot, 'SLC0102', 'expected a list');
  const kept: ServicePort[] = [];
  for (const [index, each] of value.entries()) {
    const here = inside(spot, index);
    const decoded = port(each, here);
    if (decoded === undefined) continue;
    const { name, number } = decoded;
    const twice = kept.find((one) => one.name === name || one.number === number);
    if (twice === undefined) kept.push(decoded);
    else report(here, 'SLC0107', `port ${number} "${name}": ${twice.number} "${twice.name}" is defined before it`);
  }
  return kept;
};
