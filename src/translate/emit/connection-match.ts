// What tells the connections to a service from those to others on the same listener.
import type { JsonObject } from '../../lib/json.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { hasShortNames, isHttp, type Service, type ServicePort, type Subnet } from '../../model/service.ts';

interface Port {
  readonly service: Service;
  readonly port: ServicePort;
}

/**
 * Clients name the host in the first bytes of each connection, and nothing else tells it apart. One of a service with
 * short names may name any of them, or none.
 */
const hasServerName = ({ service, port }: Port): boolean =>
  port.protocol === 'tls' && service.addresses.length === 0 && !hasShortNames(service);

const hasSubnets = ({ service, port }: Port, { interception }: ProxyGroup): boolean =>
  interception !== 'NONE' && service.subnets.length > 0 && !isHttp(port.protocol);

/** Whether a listener can tell the connections to a port from those to others. */
export const isMatched = (called: Port, group: ProxyGroup): boolean =>
  hasServerName(called) || hasSubnets(called, group);

/** What of two ports must not be the same: Envoy refuses a listener in which a match stands twice. */
export function matchKeys(called: Port, group: ProxyGroup): readonly string[] {
  const name = hasServerName(called) ? called.service.host : '';
  if (!hasSubnets(called, group)) return [name];
  return called.service.subnets.map(({ address, length }) => `${name} ${address}/${length}`);
}

const range = ({ address, length }: Subnet): JsonObject => ({ address_prefix: address, prefix_len: length });

/** FilterChainMatch of the connections to a port. */
export function ownMatch(called: Port, group: ProxyGroup): JsonObject {
  return {
    ...(hasServerName(called) && { server_names: [called.service.host] }),
    ...(hasSubnets(called, group) && { prefix_ranges: called.service.subnets.map(range) }),
  };
}
