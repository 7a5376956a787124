// What DestinationRules come to: for each port of each service, whole and by subset, the policy that holds.
import { type Endpoint, matches, type ServiceEndpoints } from '../../model/endpoint.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { Origin } from '../../model/origin.ts';
import { policiesIn, type ServicePolicy } from '../../model/policy.ts';
import type { PortPolicy } from '../../model/port-policy.ts';
import type { Service, ServicePort } from '../../model/service.ts';

/** Where requests may go, and the policy by which they are spread there. */
export interface Target {
  readonly service: Service;
  readonly port: ServicePort;
  readonly subset: string | null;
  readonly policy: PortPolicy;
  /** All of them, ready or not. */
  readonly endpoints: readonly Endpoint[];
  /** Whether proxies choose among the endpoints; else the caller has done so. */
  readonly balanced: boolean;
}

export function targetsOf({ services, policies, endpoints }: Mesh): readonly Target[] {
  const targets: Target[] = [];
  for (const [host, choice] of policies) {
    const service = services.get(host);
    if (service === undefined) continue;
    for (const policy of new Set(policiesIn(choice))) {
      if (policy.rules.length === 0) continue;
      for (const target of bound(service, policy, endpoints.get(host))) targets.push(target);
    }
  }
  return targets;
}

const none: readonly Endpoint[] = [];

function* bound(service: Service, policy: ServicePolicy, known: ServiceEndpoints | undefined): Iterable<Target> {
  for (const port of service.ports) {
    const endpoints = known?.get(port.name) ?? none;
    const target = (subset: string | null, own: PortPolicy, chosen: readonly Endpoint[]): Target => {
      const balanced = service.resolution.kind === 'eds' && own.lb.kind !== 'passthrough';
      return { service, port, subset, policy: own, endpoints: chosen, balanced };
    };
    const whole = policy.ports.get(port.number);
    if (whole !== undefined) yield target(null, whole, endpoints);
    for (const { name, labels, ports } of policy.subsets) {
      const own = ports.get(port.number);
      const chosen = labels.size === 0 ? endpoints : endpoints.filter((each) => matches(labels, each.labels));
      if (own !== undefined) yield target(name, own, chosen);
    }
  }
}

/** `port 80 of reviews.default.svc.cluster.local, subset "v1"`, as messages name it. */
export function describeTarget({ service: { host }, port: { number }, subset }: Target): string {
  const part = subset === null ? '' : `, subset "${subset}"`;
  return `port ${number} of ${host}${part}`;
}

/** Targets by the place where something of their policy is written; those without one are left out. */
export function byOrigin(
  targets: Iterable<Target>,
  originOf: (target: Target) => Origin | null,
): readonly { readonly origin: Origin; readonly targets: readonly Target[] }[] {
  const groups = new Map<string, { readonly origin: Origin; readonly targets: Target[] }>();
  for (const target of targets) {
    const origin = originOf(target);
    if (origin === null) continue;
    const key = JSON.stringify([origin.object, origin.path]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { origin, targets: [target] });
    else group.targets.push(target);
  }
  return [...groups.values()];
}
