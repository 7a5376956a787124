// Ranges of addresses that tell the connections to a service from those to others on the same listener.
import type { JsonObject } from '../../lib/json.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { isHttp, type Service, type ServicePort, type Subnet } from '../../model/service.ts';

interface Port {
  readonly service: Service;
  readonly port: ServicePort;
}

/** Whether the address that a connection is for says that it is for this port; without capture nobody knows that. */
export const hasRanges = ({ service, port }: Port, { interception }: ProxyGroup): boolean =>
  interception !== 'NONE' && service.subnets.length > 0 && !isHttp(port.protocol);

/** What of two ports must not be the same: Envoy refuses a listener in which a match stands twice. */
export function rangeKeys({ service, port }: Port): readonly string[] {
  const name = port.protocol === 'tls' ? service.host : '';
  return service.subnets.map(({ address, length }) => `${name} ${address}/${length}`);
}

const range = ({ address, length }: Subnet): JsonObject => ({ address_prefix: address, prefix_len: length });

/** The part of FilterChainMatch that names the ranges; empty where there are none. */
export function rangesOf(called: Port, group: ProxyGroup): JsonObject {
  return hasRanges(called, group) ? { prefix_ranges: called.service.subnets.map(range) } : {};
}
