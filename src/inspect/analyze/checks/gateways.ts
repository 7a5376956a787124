// Gateways that do not fit the Services before their workload, or whose servers share a certificate.
import type { Pod } from '../../../crds/pod.ts';
import { type GatewayServer, gatewayKey } from '../../../model/gateway.ts';
import { at } from '../../../model/origin.ts';
import type { Finder } from '../facts.ts';
import { type GatewayWorkload, gatewayWorkloads } from '../gateway-workloads.ts';
import { type Selecting, selecting } from './selectors.ts';

/** The ports of the Services before a Pod, as clients call them and as they arrive; null: there is no Service. */
function portsBefore(pod: Pod, services: readonly Selecting[]): ReadonlySet<number> | null {
  const before = services.filter(({ pods }) => pods.includes(pod)).flatMap(({ service }) => service.ports);
  if (before.length === 0) return null;
  const arriving = (target: number | string): number | undefined =>
    typeof target === 'number' ? target : pod.ports.get(target);
  return new Set(before.flatMap(({ number, targetPort }) => [number, arriving(targetPort) ?? number]));
}

export const portsOfNoService: Finder = function* (facts) {
  const workloads = gatewayWorkloads(facts.mesh).filter(({ pod }) => pod !== null);
  const services = workloads.length === 0 ? [] : [...selecting(facts)];
  for (const { pod, namespace, gateways } of workloads) {
    const found = facts.podsIn(namespace).find((each) => `${each.name}.${namespace}` === pod);
    const ports = found === undefined ? null : portsBefore(found, services);
    if (ports === null) continue;
    const known = [...ports].sort((a, b) => a - b).join(', ');
    for (const { server } of gateways.flatMap(({ servers }) => servers)) {
      if (ports.has(server.port)) continue;
      const message = `no Service before Pod ${pod} leads to port ${server.port} (they know ${known})`;
      yield { origin: at(server.origin, 'port', 'number'), message };
    }
  }
};

interface Certified {
  readonly gateway: GatewayWorkload['gateways'][number];
  readonly server: GatewayServer;
}

/** The port, and what is shown there to clients that speak HTTP; null: nothing. */
function shownBy({ protocol, port, tls }: GatewayServer): string | null {
  if (tls?.kind !== 'terminate' || protocol !== 'http') return null;
  return JSON.stringify([port, tls.certificates.map(({ chain, key }) => [chain, key])]);
}

export const sharedCertificates: Finder = function* ({ mesh }) {
  for (const { gateways } of gatewayWorkloads(mesh)) {
    const first = new Map<string, Certified>();
    for (const gateway of gateways) {
      for (const { server } of gateway.servers) {
        const shown = shownBy(server);
        const other = shown === null ? undefined : first.get(shown);
        if (shown !== null && other === undefined) first.set(shown, { gateway, server });
        if (other === undefined || server.tls === null) continue;
        const hosts = other.server.hosts.map(({ host }) => host).join(', ');
        const message = `the server of Gateway ${gatewayKey(other.gateway)} for ${hosts} shows the same certificate on port ${server.port}`;
        yield { origin: server.tls.origin, message };
      }
    }
  }
};
