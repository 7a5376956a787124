// Objects whose selector no workload has, and Services whose targetPort no Pod has.
import { deepEqual } from 'fast-equals';
import { containerPorts, type Pod } from '../../../crds/pod.ts';
import { podSelector } from '../../../crds/pod-selector.ts';
import type { Service } from '../../../crds/service.ts';
import { type Labels, matches } from '../../../model/endpoint.ts';
import { describeObject, objectId } from '../../../model/object.ts';
import { at, originOf } from '../../../model/origin.ts';
import { isProxied } from '../../../model/service.ts';
import type { Facts, Finder, Found } from '../facts.ts';

export interface Selecting {
  readonly service: Service;
  readonly selector: Labels;
  readonly pods: readonly Pod[];
}

/** Services with a selector, in namespaces of which Pods are known. */
export function* selecting({ services, objects, podsIn, podsWith }: Facts): Iterable<Selecting> {
  for (const service of services.values()) {
    if (podsIn(service.namespace).length === 0 || service.resolution.kind === 'alias') continue;
    const object = objects.get(service.origin.object);
    const selector = object === undefined ? null : podSelector(object);
    if (selector !== null) yield { service, selector, pods: podsWith(service.namespace, selector) };
  }
}

function unmatched(what: string, selector: Labels): string {
  const wanted = [...selector].map(([key, value]) => `${key}=${value}`).join(',');
  return `no ${what} has the labels ${wanted}`;
}

/** A choice of workloads that is none; in namespaces of which Pods are known. */
function* unchosen(facts: Facts): Iterable<Found> {
  const { rules, sidecars } = facts.typed;
  const choices = [
    ...rules,
    ...sidecars.map(({ namespace, selector, object }) => ({ namespace, selector, origin: originOf(object) })),
  ];
  for (const { namespace, selector, origin } of choices) {
    if (selector === null || facts.podsIn(namespace).length === 0) continue;
    if (facts.podsWith(namespace, selector).length > 0) continue;
    const message = unmatched(`Pod of namespace ${namespace}`, selector);
    yield { origin: at(origin, 'spec', 'workloadSelector'), message };
  }
}

/** Gateways are served by Pods of any namespace. */
function* unserved(facts: Facts): Iterable<Found> {
  for (const { namespace, selector, origin } of facts.typed.gateways) {
    if (selector === null || selector.size === 0 || facts.podsIn(namespace).length === 0) continue;
    if (facts.podsWith(null, selector).length > 0) continue;
    yield { origin: at(origin, 'spec', 'selector'), message: unmatched('Pod', selector) };
  }
}

/** ServiceEntries choose Pods and WorkloadEntries. */
function* membersOfNobody({ typed, podsIn, podsWith }: Facts): Iterable<Found> {
  for (const [service] of typed.serviceEntries.map(({ services }) => services)) {
    if (service === undefined || service.selector === null) continue;
    const { namespace, selector, origin } = service;
    const labels: Labels = new Map(Object.entries(selector).map(([key, value]) => [key, String(value)] as const));
    const machines = typed.workloadEntries.filter((each) => each.namespace === namespace);
    if (podsIn(namespace).length + machines.length === 0 || podsWith(namespace, labels).length > 0) continue;
    if (machines.some(({ member }) => matches(labels, member.labels))) continue;
    const message = unmatched(`Pod or WorkloadEntry of namespace ${namespace}`, labels);
    yield { origin: at(origin, 'spec', 'workloadSelector'), message };
  }
}

export const selectorsOfNobody: Finder = function* (facts) {
  for (const { service, selector, pods } of selecting(facts)) {
    if (pods.length > 0) continue;
    const message = unmatched(`Pod of namespace ${service.namespace}`, selector);
    yield { origin: at(service.origin, 'spec', 'selector'), message };
  }
  yield* unchosen(facts);
  yield* unserved(facts);
  yield* membersOfNobody(facts);
};

export const sidecarsAtOdds: Finder = function* ({ typed, mesh, podsWith }) {
  for (const { object, namespace, selector } of typed.sidecars) {
    for (const { name, labels } of selector === null ? [] : podsWith(namespace, selector)) {
      const held = mesh.scopes.of(namespace, labels);
      // One with the same selector, translation has told of.
      if (held === null || held.object === object || deepEqual(held.selector, selector)) continue;
      const message = `${describeObject(held.object)} is older and chooses Pod ${name} too, which has that one alone`;
      yield { origin: originOf(object, 'spec', 'workloadSelector'), message };
    }
  }
};

export const unnamedTargets: Finder = function* (facts) {
  for (const { service, pods } of selecting(facts)) {
    for (const { number, targetPort, origin, protocol } of service.ports) {
      if (typeof targetPort === 'number' || pods.length === 0 || !isProxied(protocol)) continue;
      if (pods.some(({ ports }) => ports.has(targetPort))) continue;
      const known = [...new Set(pods.flatMap(({ ports }) => [...ports.keys()]))].join(', ') || 'none';
      const message = `port ${number}: no selected Pod has a port named "${targetPort}" (they have ${known})`;
      yield { origin: at(origin, 'targetPort'), message };
    }
  }
};

export const undeclaredTargets: Finder = function* (facts) {
  for (const { service, pods } of selecting(facts)) {
    const declared = new Set(pods.flatMap((pod) => portsOf(pod, facts)));
    if (declared.size === 0) continue;
    for (const { number, targetPort, origin, protocol } of service.ports) {
      if (typeof targetPort === 'string' || declared.has(targetPort) || !isProxied(protocol)) continue;
      const known = [...declared].sort((a, b) => a - b).join(', ');
      const message = `port ${number}: the selected Pods list the ports ${known}, not ${targetPort}`;
      yield { origin: at(origin, 'targetPort'), message };
    }
  }
};

function portsOf({ namespace, name }: Pod, { objects }: Facts): readonly number[] {
  const object = objects.get(objectId({ group: '', kind: 'Pod', namespace, name }));
  return object === undefined ? [] : containerPorts(object);
}
