// Subsets whose labels no endpoint has.
import type { RuleSubset } from '../../../crds/destination-rule/destination-rule.ts';
import { matches } from '../../../model/endpoint.ts';
import { at } from '../../../model/origin.ts';
import type { Service } from '../../../model/service.ts';
import type { Facts, Finder } from '../facts.ts';

/** All endpoints that the mesh knows of a service, whatever their port. */
const endpointsOf = ({ host }: Service, { mesh }: Facts) => [...(mesh.endpoints.get(host)?.values() ?? [])].flat();

function emptiness({ name, labels }: RuleSubset, services: readonly Service[], facts: Facts): string | null {
  const endpoints = services.flatMap((service) => endpointsOf(service, facts));
  const [first] = services;
  // What has no endpoint at all is said of the service.
  if (endpoints.length === 0 || first === undefined || endpoints.some((each) => matches(labels, each.labels)))
    return null;
  const wanted = [...labels].map(([key, value]) => `${key}=${value}`).join(',');
  const host = services.length === 1 ? first.host : `${services.length} services`;
  const why = endpoints.every((each) => each.labels.size === 0) ? ': no Pod is known behind them' : '';
  return `none of the ${endpoints.length} endpoints of ${host} has the labels ${wanted} of subset "${name}"${why}`;
}

export const emptySubsets: Finder = function* (facts) {
  for (const rule of facts.typed.rules) {
    const subsets = rule.subsets.filter(({ labels }) => labels.size > 0);
    if (subsets.length === 0) continue;
    const services = facts.covered(rule.host).filter(({ resolution }) => resolution.kind === 'eds');
    for (const subset of subsets) {
      const message = emptiness(subset, services, facts);
      if (message !== null) yield { origin: at(subset.origin, 'labels'), message };
    }
  }
};
