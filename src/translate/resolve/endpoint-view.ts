// What of a proxy decides about its endpoints, in the mesh as it is: its place and labels, where some service looks at them.
import { memo } from '../../lib/memo.ts';
import type { EndpointView } from '../../model/endpoint.ts';
import { nowhere } from '../../model/endpoint.ts';
import { allNeeds, anywhere, narrowed, needsOf, noNeeds, ofNode, type ViewNeeds } from '../../model/endpoint-view.ts';
import { type Nearness, orderingOf } from '../../model/locality-lb.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import { type PolicyChoice, policiesIn } from '../../model/policy.ts';
import { defaultPortPolicy, type PortPolicy } from '../../model/port-policy.ts';
import type { ProxyNode } from '../../model/proxy.ts';

/** What endpoints of a service without any rule depend on. */
const ofNearness: { readonly [K in Nearness]: ViewNeeds } = {
  zone: needsUnder(defaultPortPolicy, 'zone'),
  node: needsUnder(defaultPortPolicy, 'node'),
};

function needsUnder({ locality, outlierDetection }: PortPolicy, nearness: Nearness | null): ViewNeeds {
  const ordering = orderingOf({ setting: locality, nearness, detects: outlierDetection !== null });
  return ordering === null ? noNeeds : needsOf(ordering);
}

/** What they depend on under the rules that some client sees. */
const ofPolicies = memo((choice: PolicyChoice, nearness: Nearness | null): ViewNeeds => {
  const parts = policiesIn(choice).flatMap((policy) => [policy, ...policy.subsets]);
  const policies = new Set(parts.flatMap(({ ports }) => [...ports.values()]));
  const needs = [...policies].map((policy) => needsUnder(policy, nearness));
  return allNeeds(nearness === null ? needs : [...needs, ofNearness[nearness]]);
});

const viewNeeds = memo((services: Mesh['services'], policies: Mesh['policies']): ViewNeeds => {
  const needs = new Set<ViewNeeds>();
  for (const [host, { nodeLocal, nearness }] of services) {
    const choice = policies.get(host);
    if (nodeLocal) needs.add(ofNode);
    if (choice !== undefined) needs.add(ofPolicies(choice, nearness));
    else if (nearness !== null) needs.add(ofNearness[nearness]);
  }
  return allNeeds(needs);
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
