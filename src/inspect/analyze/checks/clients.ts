// Matches for clients, or ports, that there are not.

import type { VirtualService } from '../../../crds/virtual-service/virtual-service.ts';
import type { Origin } from '../../../model/origin.ts';
import { at } from '../../../model/origin.ts';
import { type ClientMatch, meshGateway } from '../../../model/route.ts';
import { serviceAt } from '../../../model/service.ts';
import type { Facts, Finder } from '../facts.ts';

interface ClientsAt {
  readonly client: ClientMatch;
  readonly origin: Origin;
}

const clientsIn = ({ http, connections }: VirtualService): readonly ClientsAt[] => [
  ...http.flatMap(({ matches }) => matches ?? []),
  ...connections.flatMap(({ matches }) => matches),
];

export const unknownPorts: Finder = function* ({ typed, mesh }) {
  for (const rule of typed.virtualServices) {
    const services = rule.hosts.map(({ host }) => serviceAt(mesh.services, host));
    const ports = new Set(services.flatMap((service) => service?.ports.map(({ number }) => number) ?? []));
    // What is no service may be known on any port.
    if (services.length === 0 || services.includes(undefined)) continue;
    for (const { client, origin } of clientsIn(rule)) {
      // The ports of a gateway are its own.
      const ofSidecars = (client.gateways ?? rule.gateways).every((each) => each === meshGateway);
      if (client.port === null || ports.has(client.port) || !ofSidecars) continue;
      const hosts = rule.hosts.map(({ host }) => host).join(', ');
      const message = `${hosts} can be called on ${[...ports].join(', ') || 'no port'}, not on ${client.port}`;
      yield { origin: at(origin, 'port'), message };
    }
  }
};

/** Whether some Pod may be the client; unknown Pods may have any labels. */
function exists({ labels, namespace }: ClientMatch, { typed, podsWith }: Facts): boolean {
  return labels.size === 0 || typed.pods.length === 0 || podsWith(namespace, labels).length > 0;
}

export const clientsOfNobody: Finder = function* (facts) {
  for (const rule of facts.typed.virtualServices) {
    for (const { client, origin } of clientsIn(rule)) {
      const { namespace, labels } = client;
      if (namespace !== null && !facts.namespaces().has(namespace)) {
        yield { origin: at(origin, 'sourceNamespace'), message: `there is nothing in a namespace "${namespace}"` };
      } else if (!exists(client, facts)) {
        const wanted = [...labels].map(([key, value]) => `${key}=${value}`).join(',');
        const where = namespace === null ? '' : ` of namespace ${namespace}`;
        yield { origin: at(origin, 'sourceLabels'), message: `no Pod${where} has the labels ${wanted}` };
      }
    }
  }
};
