// Services and rules whose selector, or whose targetPort, no Pod has.
import { containerPorts, type Pod } from '../../../crds/pod.ts';
import { podSelector } from '../../../crds/pod-selector.ts';
import type { Service } from '../../../crds/service.ts';
import type { Labels } from '../../../model/endpoint.ts';
import { objectId } from '../../../model/object.ts';
import { at } from '../../../model/origin.ts';
import { isProxied } from '../../../model/service.ts';
import type { Facts, Finder } from '../facts.ts';

interface Selecting {
  readonly service: Service;
  readonly selector: Labels;
  readonly pods: readonly Pod[];
}

/** Services with a selector, in namespaces of which Pods are known. */
function* selecting({ services, objects, podsIn, podsWith }: Facts): Iterable<Selecting> {
  for (const service of services.values()) {
    if (podsIn(service.namespace).length === 0 || service.resolution.kind === 'alias') continue;
    const object = objects.get(service.origin.object);
    const selector = object === undefined ? null : podSelector(object);
    if (selector !== null) yield { service, selector, pods: podsWith(service.namespace, selector) };
  }
}

function unmatched(namespace: string, selector: Labels): string {
  const wanted = [...selector].map(([key, value]) => `${key}=${value}`).join(',');
  return `no Pod of namespace ${namespace} has the labels ${wanted}`;
}

export const selectorsOfNobody: Finder = function* (facts) {
  for (const { service, selector, pods } of selecting(facts)) {
    if (pods.length > 0) continue;
    yield { origin: at(service.origin, 'spec', 'selector'), message: unmatched(service.namespace, selector) };
  }
  for (const { namespace, selector, origin } of facts.typed.rules) {
    if (selector === null || facts.podsIn(namespace).length === 0) continue;
    if (facts.podsWith(namespace, selector).length > 0) continue;
    yield { origin: at(origin, 'spec', 'workloadSelector'), message: unmatched(namespace, selector) };
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
