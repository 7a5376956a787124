// What of a proxy decides about its endpoints, in the mesh as it is: its place and labels, where some service looks at them.
import { memo } from '../../lib/memo.ts';
import type { EndpointView } from '../../model/endpoint.ts';
import { nowhere } from '../../model/endpoint.ts';
import { allNeeds, anywhere, narrowed, needsOf, noNeeds, ofNode, type ViewNeeds } from '../../model/endpoint-view.ts';
import { type Ordering, orderingOf } from '../../model/locality-lb.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import { type PolicyChoice, policiesIn } from '../../model/policy.ts';
import { defaultPortPolicy, type PortPolicy } from '../../model/port-policy.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import type { Service } from '../../model/service.ts';

const justDefault: readonly PortPolicy[] = [defaultPortPolicy];

/** All that some client sees of a service's ports. */
const portPolicies = memo((choice: PolicyChoice): readonly PortPolicy[] => {
  const parts = policiesIn(choice).flatMap((policy) => [policy, ...policy.subsets]);
  return [...new Set([defaultPortPolicy, ...parts.flatMap(({ ports }) => [...ports.values()])])];
});

function orderingsOf({ nearness }: Service, choice: PolicyChoice | undefined): readonly Ordering[] {
  const policies = choice === undefined ? justDefault : portPolicies(choice);
  return policies.flatMap(
    ({ locality, outlierDetection }) =>
      orderingOf({ setting: locality, nearness, detects: outlierDetection !== null }) ?? [],
  );
}

const viewNeeds = memo((services: Mesh['services'], policies: Mesh['policies']): ViewNeeds => {
  const needs = new Set<ViewNeeds>();
  for (const [host, service] of services) {
    if (service.nodeLocal) needs.add(ofNode);
    const choice = policies.get(host);
    if (service.nearness === null && choice === undefined) continue;
    for (const ordering of orderingsOf(service, choice)) needs.add(needsOf(ordering));
  }
  return needs.size === 0 ? noNeeds : allNeeds(needs);
});

/** Where the Pod is, if that is known; else where the proxy says that it is. Labels: those of the Pod win. */
const wholeView = memo((node: ProxyNode, workload: Workload | null): EndpointView => {
  const { region, zone, subZone } = workload?.locality ?? nowhere;
  const isKnown = region !== '' || zone !== '' || subZone !== '';
  const locality = workload !== null && isKnown ? workload.locality : node.locality;
  return { node: workload?.node ?? null, locality, labels: (workload ?? node).labels };
});

/** What of a proxy its endpoints depend on; the same for all where no service looks at it. */
export function endpointView({ services, policies }: Mesh, node: ProxyNode, workload: Workload | null): EndpointView {
  const needs = viewNeeds(services, policies);
  return needs === noNeeds ? anywhere : narrowed(needs, wholeView(node, workload));
}
