// What rules ask for that the proxies of a group cannot do.
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import type { HealthCheck } from '../../model/health-check.ts';
import { at, originOf } from '../../model/origin.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { routesFor } from '../../model/route.ts';
import type { Service } from '../../model/service.ts';
import { isRefused } from './cluster-plan.ts';
import type { CalledService, ListenerPlan } from './plan-listeners.ts';
import type { RouteSource } from './route-plan.ts';

/** Certificates of the mesh that a rule asks for, of proxies that have none. */
function withoutCertificates(called: CalledService, { certificates }: ProxyGroup): readonly Diagnostic[] {
  if (certificates.client.kind !== 'none') return [];
  const plans = [...called.ports.map(({ cluster }) => cluster), ...called.subsets];
  return plans.flatMap(({ policy: { tls } }) => {
    if (tls?.kind !== 'mesh') return [];
    const message = 'proxies with MESH_CERTIFICATES NONE have no certificates of the mesh, so they refuse these calls';
    return [diagnose('SLC0240', tls.origin, message)];
  });
}

function unaddressed({ host, origin }: Service): Diagnostic {
  const message =
    `resolution NONE needs captured connections: sidecars with INTERCEPTION_MODE NONE do not know where calls to ${host} ` +
    'were going, and refuse them';
  return diagnose('SLC0110', at(origin, 'spec', 'resolution'), message);
}

/** PASSTHROUGH where nothing is captured: there is no address that the caller asked for. */
function withoutDestination(called: CalledService, { interception }: ProxyGroup): readonly Diagnostic[] {
  if (interception !== 'NONE') return [];
  const plans = [...called.ports.map(({ cluster }) => cluster), ...called.subsets];
  return plans.flatMap(({ service, policy }) => {
    if (service.resolution.kind === 'original') return [unaddressed(service)];
    if (policy.lb.kind !== 'passthrough' || policy.origin === null) return [];
    const message =
      'PASSTHROUGH needs captured connections; sidecars with INTERCEPTION_MODE NONE balance by LEAST_REQUEST';
    return [diagnose('SLC0110', at(policy.origin, 'simple'), message)];
  });
}

/** Health checks where nothing is balanced. */
function withoutEndpoints({ ports, subsets }: CalledService): readonly Diagnostic[] {
  const unchecked = new Map<HealthCheck, string>();
  for (const { policy, eds, named, service } of [...ports.map(({ cluster }) => cluster), ...subsets]) {
    if (policy.healthCheck === null || eds || named !== null || isRefused({ policy })) continue;
    unchecked.set(policy.healthCheck, service.host);
  }
  return [...unchecked].map(([{ origin }, host]) => {
    const message = `nothing of ${host} is checked: its callers choose the address, so sidecars know no endpoints`;
    return diagnose('SLC0110', origin, message);
  });
}

/** Rules that are zone-aware, of proxies that do not know who is like them. */
function withoutPeers({ ports, subsets }: CalledService, { peers }: ProxyGroup): readonly Diagnostic[] {
  if (peers !== null) return [];
  return [...ports.map(({ cluster }) => cluster), ...subsets].flatMap(({ policy: { locality } }) => {
    if (locality?.kind !== 'zone-aware') return [];
    const message =
      'sidecars without ENABLE_SELF_DISCOVERY do not know how many like them are in each zone, so they call all of a region alike';
    return [diagnose('SLC0110', locality.origin, message)];
  });
}

export function unmet(called: CalledService, group: ProxyGroup): readonly Diagnostic[] {
  return [
    ...withoutDestination(called, group),
    ...withoutCertificates(called, group),
    ...withoutPeers(called, group),
    ...withoutEndpoints(called),
  ];
}

/** Hosts of rules whose requests no listener takes. */
export function unheard(plans: readonly ListenerPlan[], source: RouteSource, { namespace }: ProxyGroup): Diagnostic[] {
  const names = new Set(plans.map(({ routeName }) => routeName));
  return source.others.flatMap(([host, choice]) => {
    const { entries = [], rules: [rule] = [] } = routesFor(choice, namespace) ?? {};
    if (rule === undefined || entries.length === 0 || choice.ports.some((port) => names.has(String(port)))) return [];
    const ports = choice.ports.join(' or ');
    const message = `no service with HTTP has port ${ports}, so sidecars have no listener that takes requests for ${host}`;
    return [diagnose('SLC0110', originOf(rule, 'spec', 'hosts'), message)];
  });
}
