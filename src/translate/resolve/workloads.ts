// Pods and Nodes → workloads: who runs where, with which labels.
import type { Node } from '../../crds/node.ts';
import type { Pod } from '../../crds/pod.ts';
import { memo } from '../../lib/memo.ts';
import { type Labels, type Locality, nowhere } from '../../model/endpoint.ts';
import type { Workload } from '../../model/mesh.ts';

/** Istio's label that sets a pod's locality by hand: `region.zone.subzone`. */
const localityLabel = 'istio-locality';

function localityFromLabel(labels: Labels): Locality | null {
  const text = labels.get(localityLabel);
  if (text === undefined || text === '') return null;
  const [region = '', zone = '', subZone = ''] = text.split('.');
  return { region, zone, subZone };
}

const workload = memo((pod: Pod, node: Node | undefined): Workload => {
  const { namespace, name, addresses, labels, serviceAccount } = pod;
  const locality = localityFromLabel(labels) ?? node?.locality ?? nowhere;
  return { namespace, name, addresses, labels, node: pod.node, locality, serviceAccount };
});

/** By `name.namespace`. A pod's own label wins over its node's place. */
export function resolveWorkloads(
  pods: readonly Pod[],
  nodes: ReadonlyMap<string, Node>,
): ReadonlyMap<string, Workload> {
  return new Map(
    pods.map((pod) => [`${pod.name}.${pod.namespace}`, workload(pod, nodes.get(pod.node ?? ''))] as const),
  );
}
