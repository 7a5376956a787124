// Which hosts an egress listener of a Sidecar means, for workloads of one namespace.
import { memo } from '../../lib/memo.ts';
import type { EgressListener, HostImport } from '../../model/scope.ts';

/** Hosts, looked up by name where they are written out. */
interface HostSet {
  readonly exact: ReadonlySet<string>;
  /** Endings that hosts have which a wildcard covers; empty for `*`. */
  readonly endings: readonly string[];
}

/** By namespace; `*`: of every namespace. */
type ByNamespace = ReadonlyMap<string, HostSet>;

export interface Imports {
  readonly included: ByNamespace;
  readonly excluded: ByNamespace;
}

function hostSet(hosts: readonly string[]): HostSet {
  return {
    exact: new Set(hosts.filter((host) => !host.startsWith('*'))),
    endings: hosts.filter((host) => host.startsWith('*')).map((host) => host.slice(1)),
  };
}

function byNamespace(imports: readonly HostImport[], own: string): ByNamespace {
  const groups = Map.groupBy(imports, ({ namespace }) => (namespace === '.' ? own : namespace));
  return new Map([...groups].map(([name, group]) => [name, hostSet(group.map(({ host }) => host))] as const));
}

/** What a listener imports for workloads of a namespace. */
export const importsOf = memo(
  ({ imports, exclusions }: EgressListener, own: string): Imports => ({
    included: byNamespace(imports, own),
    excluded: byNamespace(exclusions, own),
  }),
);

/** Whether all hosts that a host name or wildcard means are among them. */
function holds({ exact, endings }: HostSet, host: string): boolean {
  return exact.has(host) || endings.some((ending) => (host.startsWith('*') ? host.slice(1) : host).endsWith(ending));
}

function covers(sets: ByNamespace, namespace: string, host: string): boolean {
  const own = sets.get(namespace);
  if (own !== undefined && holds(own, host)) return true;
  const any = sets.get('*');
  return any !== undefined && holds(any, host);
}

/** Whether something of a namespace with this host, or wildcard, is imported. */
export function isImported({ included, excluded }: Imports, namespace: string, host: string): boolean {
  return covers(included, namespace, host) && !(excluded.size > 0 && covers(excluded, namespace, host));
}
