// Addresses that a service can be called by.
import ipaddr from 'ipaddr.js';
import { type Decoder, report } from './decode.ts';
import { ipAddress } from './ip.ts';

const noHost: ReadonlySet<string> = new Set(['unspecified', 'loopback', 'linkLocal', 'multicast', 'broadcast']);

/** What kind of address it is that no service can have; null: a service can have it. */
export function addressProblem(address: string): string | null {
  const range = ipaddr.process(address).range();
  return noHost.has(range) ? range : null;
}

/** An address that a service can be called by; a listener for any other would take the connections of all services. */
export const virtualIp: Decoder<string> = (value, spot) => {
  const address = ipAddress(value, spot);
  const problem = address === undefined ? null : addressProblem(address);
  return problem === null
    ? address
    : report(spot, 'SLC0302', `${address} cannot be the address of a service (${problem})`);
};
