// Services by host; what two of them claim goes to the older.
import type { Service } from '../../crds/service.ts';
import type { ServiceEntry } from '../../crds/service-entry/service-entry.ts';
import { memo } from '../../lib/memo.ts';
import { byText } from '../../lib/sorted.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { at } from '../../model/origin.ts';
import { inOrder, isProxied } from '../../model/service.ts';
import { claimHosts } from './service-entries.ts';

/** Oldest first; what does not say its age counts as youngest; then by namespace and name. */
export function byAge(
  a: { readonly created: number | null; readonly namespace: string; readonly name: string },
  b: { readonly created: number | null; readonly namespace: string; readonly name: string },
): number {
  const ages = (a.created ?? Number.MAX_VALUE) - (b.created ?? Number.MAX_VALUE);
  return ages || byText(a.namespace, b.namespace) || byText(a.name, b.name);
}

const aliasOf = memo(
  (service: Service, target: string): Service => ({
    ...service,
    resolution: { kind: 'alias', target },
  }),
);

/** What a name stands for in the end, over any number of names between; null: it stands for itself. */
function targetOf(service: Service, byHost: ReadonlyMap<string, Service>): string | null {
  const passed = new Set([service.host]);
  let { resolution } = service;
  while (resolution.kind === 'alias') {
    const { target } = resolution;
    const next = byHost.get(target);
    if (next?.resolution.kind !== 'alias') return target;
    if (passed.has(target)) return null;
    passed.add(target);
    resolution = next.resolution;
  }
  return service.host;
}

/** An alias of what it stands for in the end, and what is wrong with that. */
function resolveAlias(service: Service, byHost: ReadonlyMap<string, Service>): Outcome<Service> {
  const report = (message: string): Outcome<Service> => {
    return { value: service, diagnostics: [diagnose('SLC0201', at(service.origin, 'spec', 'externalName'), message)] };
  };
  if (service.resolution.kind !== 'alias') return { value: service, diagnostics: [] };
  const target = targetOf(service, byHost);
  if (target === null) return report('the name leads back to itself, so it leads nowhere');
  if (!byHost.has(target)) return report(`${target} is not a Service known here, so the name leads nowhere`);
  return { value: target === service.resolution.target ? service : aliasOf(service, target), diagnostics: [] };
}

const unproxied = (service: Service): readonly Diagnostic[] =>
  service.ports
    .filter((port) => !isProxied(port.protocol))
    .map((port) => {
      const message = `port ${port.number}: UDP and SCTP are not balanced by sidecars`;
      return diagnose('SLC0402', port.origin, message);
    });

/** By host, in the order in which they count. Reports ports that proxies leave alone, aliases whose target is unknown, hosts claimed twice. */
export function resolveServices(
  services: readonly Service[],
  entries: readonly ServiceEntry[],
): Outcome<ReadonlyMap<string, Service>> {
  const others = claimHosts(services, entries);
  const all = others.value.length === 0 ? services : [...services, ...others.value];
  const byHost = new Map([...all].sort(inOrder).map((each) => [each.host, each] as const));
  const resolved = new Map<string, Service>();
  const diagnostics: Diagnostic[] = [...others.diagnostics];
  for (const [host, service] of byHost) {
    const { value, diagnostics: found } = resolveAlias(service, byHost);
    resolved.set(host, value);
    diagnostics.push(...found, ...unproxied(service));
  }
  return { value: resolved, diagnostics };
}
