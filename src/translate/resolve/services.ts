// Services by host; what two of them claim goes to the older.
import type { Service } from '../../crds/service.ts';
import type { ServiceEntry } from '../../crds/service-entry/service-entry.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { at } from '../../model/origin.ts';
import { isProxied } from '../../model/service.ts';
import { claimHosts } from './service-entries.ts';

/** Oldest first; what does not say its age counts as youngest; then by namespace and name. */
export function byAge(
  a: { readonly created: number | null; readonly namespace: string; readonly name: string },
  b: { readonly created: number | null; readonly namespace: string; readonly name: string },
): number {
  const ages = (a.created ?? Number.MAX_VALUE) - (b.created ?? Number.MAX_VALUE);
  return ages || byText(a.namespace, b.namespace) || byText(a.name, b.name);
}

/** By host, sorted by host. Reports ports that proxies leave alone, aliases whose target is unknown, hosts claimed twice. */
export function resolveServices(
  services: readonly Service[],
  entries: readonly ServiceEntry[],
): Outcome<ReadonlyMap<string, Service>> {
  const others = claimHosts(services, entries);
  const all = others.value.length === 0 ? services : [...services, ...others.value];
  const byHost = new Map([...all].sort((a, b) => byText(a.host, b.host)).map((each) => [each.host, each] as const));
  const diagnostics: Diagnostic[] = [...others.diagnostics];
  for (const service of byHost.values()) {
    const { resolution, origin } = service;
    if (resolution.kind === 'alias' && !byHost.has(resolution.target)) {
      const message = `${resolution.target} is not a Service known here, so the name leads nowhere`;
      diagnostics.push(diagnose('SLC0201', at(origin, 'spec', 'externalName'), message));
    }
    for (const port of service.ports) {
      if (isProxied(port.protocol)) continue;
      const message = `port ${port.number}: UDP and SCTP are not balanced by sidecars`;
      diagnostics.push(diagnose('SLC0402', port.origin, message));
    }
  }
  return { value: byHost, diagnostics };
}
