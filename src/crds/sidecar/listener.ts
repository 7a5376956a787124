// What egress and ingress listeners of a Sidecar (networking.istio.io) have in common.
import { isObject } from '../../lib/json.ts';
import type { ConnectionPool } from '../../model/connection-pool.ts';
import type { ListenerCapture } from '../../model/scope.ts';
import type { Protocol } from '../../model/service.ts';
import { connectionPool } from '../destination-rule/connection-pool.ts';
import {
  type Decoder,
  inside,
  integer,
  object,
  oneOf,
  portRange,
  report,
  type Spot,
  string,
} from '../values/decode.ts';
import { ipAddress } from '../values/ip.ts';
import { protocolOf, protocolWords } from '../values/protocol.ts';

export const captureMode = oneOf<ListenerCapture>({ DEFAULT: 'as-proxy', IPTABLES: 'captured', NONE: 'bound' });

export const bind: Decoder<string> = (value, spot) =>
  typeof value === 'string' && value.startsWith('unix:')
    ? report(spot, 'SLC0108', 'Unix sockets as listeners: not supported yet, so there is no such listener')
    : ipAddress(value, spot);

export interface ListenerPort {
  readonly number: number;
  readonly protocol: Protocol;
  /** Whether it is called HTTPS: HTTP, once somebody has ended the encryption. */
  readonly https: boolean;
}

const protocols = oneOf(Object.fromEntries(Object.keys(protocolWords).map((word) => [word.toUpperCase(), word])));

/** In capital letters or not. */
const protocol: Decoder<string> = (value, spot) =>
  protocols(typeof value === 'string' ? value.toUpperCase() : value, spot);

/** What is called says where it leads. */
const targetPort: Decoder<never> = (_, spot) =>
  report(spot, 'SLC0110', 'for Services and ServiceEntries; the port of a listener is the one that is called');

const fields = object({ number: integer(portRange), name: string, protocol, targetPort }, { required: ['number'] });

/** A port of a listener. What is not said of its protocol is found out. */
export const listenerPort: Decoder<ListenerPort> = (value, spot) => {
  const decoded = fields(value, spot);
  if (decoded?.number === undefined) return undefined;
  const { number, name = '', protocol: appProtocol = null } = decoded;
  return {
    number,
    protocol: protocolOf({ name, number, appProtocol, transport: 'TCP' }),
    https: appProtocol === 'https',
  };
};

/** Where the sidecar itself listens: Envoy's pages and metrics, captured connections, readiness, and probes. */
const ownPorts: ReadonlySet<number> = new Set([15000, 15001, 15006, 15020, 15021, 15090]);

/** Whether a listener that the sidecar binds would be in the way of its own. */
export function isOwnPort(port: number | undefined, spot: Spot): boolean {
  if (port === undefined || !ownPorts.has(port)) return false;
  report(inside(spot, 'port'), 'SLC0105', `port ${port} is the sidecar's own, so there is no such listener`);
  return true;
}

/** Limits of connections to the workload itself: it is spoken to as it was called. */
export const workloadPool: Decoder<ConnectionPool> = (value, spot) => {
  const http = isObject(value) && isObject(value['http']) ? value['http'] : {};
  for (const field of ['h2UpgradePolicy', 'useClientProtocol']) {
    if (http[field] === undefined || http[field] === null) continue;
    report(
      inside(spot, 'http', field),
      'SLC0110',
      'a workload is spoken to as its port says, whatever is asked for here',
    );
  }
  return connectionPool(value, spot);
};
