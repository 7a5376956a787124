// Ports whose protocol is not said, and ports of which two objects say different things.
import { at } from '../../../model/origin.ts';
import { isHttp, type Protocol, type Service, type ServicePort } from '../../../model/service.ts';
import type { Finder } from '../facts.ts';

export const unnamedProtocols: Finder = function* ({ typed }) {
  for (const { ports } of typed.services) {
    for (const { name, number, protocol, origin } of ports) {
      if (protocol !== 'auto') continue;
      const why = name === '' ? 'has no name' : `is named "${name}"`;
      yield { origin, message: `port ${number} ${why}, which says no protocol: it is found out for each connection` };
    }
  }
};

export const slicesAtOdds: Finder = function* ({ typed, services }) {
  for (const { host, ports, origin } of typed.slices) {
    const service = host === null ? undefined : services.get(host);
    for (const { name, number } of ports) {
      const port = service?.ports.find((each) => each.name === name);
      if (port === undefined || typeof port.targetPort === 'string' || port.targetPort === number) continue;
      const message = `requests for port ${port.number} go to ${number}, and the Service says targetPort ${port.targetPort}`;
      yield { origin: at(origin, 'ports'), message };
    }
  }
};

type Side = 'HTTP' | 'not HTTP' | null;
/** Null: it is found out, or it is no matter of proxies. */
function sideOf(protocol: Protocol): Side {
  if (protocol === 'auto' || protocol === 'udp') return null;
  return isHttp(protocol) ? 'HTTP' : 'not HTTP';
}

interface Claim {
  readonly service: Service;
  readonly port: ServicePort;
  readonly side: Side;
}

export const protocolsAtOdds: Finder = function* ({ mesh }) {
  const claims = new Map<string, Claim>();
  for (const service of mesh.services.values()) {
    for (const port of service.ports) {
      const side = sideOf(port.protocol);
      const endpoints = side === null ? [] : (mesh.endpoints.get(service.host)?.get(port.name) ?? []);
      for (const { address, port: number } of endpoints) {
        const key = `${address} ${number}`;
        const known = claims.get(key);
        if (known === undefined) claims.set(key, { service, port, side });
        else if (known.side !== side) {
          const message = `${side} to port ${number} of the workload, for which port ${known.port.number} of ${known.service.host} says ${known.side}`;
          yield { origin: port.origin, message };
        }
      }
    }
  }
};
