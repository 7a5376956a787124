// Which Sidecar holds for a workload: one that chooses it by labels, else that of its namespace, else that of the mesh.
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import { type Labels, matches } from '../../model/endpoint.ts';
import { describeObject } from '../../model/object.ts';
import { originOf } from '../../model/origin.ts';
import { noScopes, type Scope, type Scopes } from '../../model/scope.ts';
import type { Service } from '../../model/service.ts';
import type { RoutingRule } from './delegates.ts';
import { isExportedTo } from './exports.ts';
import { byAge } from './services.ts';

type Services = ReadonlyMap<string, Service>;

/** The Sidecars of one namespace. */
interface Local {
  /** The oldest first. */
  readonly choosing: readonly Scope[];
  readonly whole: Scope | null;
}

function overruled({ object }: Scope, by: Scope): Diagnostic {
  const message = `${describeObject(by.object)} is older and for the same workloads, so this one is not used`;
  return diagnose('SLC0250', originOf(object, 'metadata', 'name'), message);
}

const textOf = (labels: Labels): string => JSON.stringify([...labels]);

function localOf(scopes: readonly Scope[], diagnostics: Diagnostic[]): Local {
  const first = new Map<string, Scope>();
  for (const each of scopes) {
    const key = each.selector === null ? '' : textOf(each.selector);
    const known = first.get(key);
    if (known === undefined) first.set(key, each);
    else diagnostics.push(overruled(each, known));
  }
  return { choosing: [...first.values()].filter(({ selector }) => selector !== null), whole: first.get('') ?? null };
}

const chooses = ({ selector }: Scope, labels: Labels): boolean => selector !== null && matches(selector, labels);

const hostsOfRules = memo(
  (rules: readonly RoutingRule[]): ReadonlySet<string> =>
    new Set(rules.flatMap(({ source }) => source.hosts.map(({ host }) => `${source.namespace}/${host}`))),
);

/** Entries with a host that nobody has; wildcards may be there for what is to come. */
function idleImports(
  scope: Scope,
  root: string,
  services: Services,
  rules: readonly RoutingRule[],
): readonly Diagnostic[] {
  const imports = scope.egress.flatMap((each) => each.imports);
  return imports.flatMap(({ namespace, host, origin }) => {
    if (host.startsWith('*') || (namespace === '.' && scope.namespace === root)) return [];
    const from = namespace === '.' ? scope.namespace : namespace;
    const service = services.get(host);
    const found = service !== undefined && (from === '*' || service.namespace === from);
    if (found && isExportedTo(service, scope.namespace)) return [];
    if (hostsOfRules(rules).has(`${from}/${host}`)) return [];
    const why =
      service === undefined ? `no Service has the host ${host}` : `${host} is in namespace ${service.namespace}`;
    return [diagnose('SLC0251', origin, found ? `${host} is not exported to namespace ${scope.namespace}` : why)];
  });
}

/** Where calls of hosts that nobody has should go, but cannot. */
function lostProxy({ outbound }: Scope, services: Services): readonly Diagnostic[] {
  if (outbound?.kind !== 'egress-proxy') return [];
  const { host, port, origin } = outbound.destination;
  const service = services.get(host);
  if (service?.ports.some(({ number }) => number === port)) return [];
  const why = service === undefined ? `no Service has the host ${host}` : `${host} has no port ${port}`;
  return [diagnose('SLC0225', origin, `${why}, so calls of hosts that no service has are refused`)];
}

/** The Sidecar of each workload; a Sidecar without labels in the root namespace is for all that have none of their own. */
export function resolveScopes(
  sidecars: readonly Scope[],
  root: string,
  services: Services,
  rules: readonly RoutingRule[],
): Outcome<Scopes> {
  if (sidecars.length === 0) return { value: noScopes, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const groups = Map.groupBy(sidecars.toSorted(byAge), ({ namespace }) => namespace);
  const locals = new Map([...groups].map(([namespace, group]) => [namespace, localOf(group, diagnostics)] as const));
  const otherwise = locals.get(root)?.whole ?? null;
  return {
    value: {
      of: (namespace, labels) => {
        const local = locals.get(namespace);
        return local?.choosing.find((each) => chooses(each, labels)) ?? local?.whole ?? otherwise;
      },
    },
    diagnostics: [
      ...diagnostics,
      ...sidecars.flatMap((each) => [...idleImports(each, root, services, rules), ...lostProxy(each, services)]),
    ],
  };
}
