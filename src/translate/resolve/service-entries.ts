// Which of several objects a host belongs to.
import type { Service } from '../../crds/service.ts';
import type { ServiceEntry } from '../../crds/service-entry/service-entry.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { describeObject } from '../../model/object.ts';
import { at } from '../../model/origin.ts';

/** Oldest first; what does not say its age counts as youngest; then by namespace and name of the object. */
function byAge(a: Service, b: Service): number {
  const ages = (a.created ?? Number.MAX_VALUE) - (b.created ?? Number.MAX_VALUE);
  return ages || byText(a.origin.object, b.origin.object);
}

/** The services of ServiceEntries whose hosts nobody else has: a Service of Kubernetes keeps its host, then the oldest. */
export function claimHosts(
  services: readonly Service[],
  entries: readonly ServiceEntry[],
): Outcome<readonly Service[]> {
  if (entries.length === 0) return { value: [], diagnostics: [] };
  const owners = new Map(services.map((each) => [each.host, each] as const));
  const diagnostics: Diagnostic[] = [];
  const value = entries
    .flatMap((entry) => entry.services)
    .sort(byAge)
    .filter((service) => {
      const owner = owners.get(service.host);
      if (owner === undefined) owners.set(service.host, service);
      else diagnostics.push(lost(service, owner));
      return owner === undefined;
    });
  return { value, diagnostics };
}

function lost({ host, origin }: Service, owner: Service): Diagnostic {
  const winner = describeObject(owner.origin.object);
  return diagnose(
    'SLC0208',
    at(origin, 'spec', 'hosts'),
    `${winner} has the host ${host} already, so this one is not used for it`,
  );
}
