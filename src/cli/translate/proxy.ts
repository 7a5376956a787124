// The proxy that is asked about: that of a Pod, or one in a namespace about whose workload nothing is known.
import { nearest } from '../../crds/values/decode.ts';
import { proxyNode } from '../../envoy/node.ts';
import { sortedBy } from '../../lib/sorted.ts';
import type { Labels } from '../../model/endpoint.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import { UsageError } from '../command.ts';

type Kind = ProxyNode['generator'];

/** The sidecar of a workload in `namespace` that has no labels and serves nothing. */
export function anySidecar(namespace: string, generator: Kind): ProxyNode {
  return proxyNode({ ip: '0.0.0.0', name: 'any', namespace, generator });
}

/** The sidecar of the Pod `POD.NAMESPACE`. Throws UsageError, naming those that are near, if there is none. */
export function sidecarOf(mesh: Mesh, podAndNamespace: string, generator: Kind): ProxyNode {
  const workload = mesh.workloads.get(podAndNamespace);
  if (workload === undefined) throw new UsageError(unknownPod(mesh.workloads, podAndNamespace));
  const { name, namespace, addresses, locality } = workload;
  const [ip] = addresses;
  if (ip === undefined) throw new UsageError(`the Pod ${podAndNamespace} has no IP address in status.podIPs yet`);
  return proxyNode({ ip, name, namespace, locality, generator });
}

/** `key=value,…` as a map, sorted by key. Throws UsageError. */
function labelsOf(text: string): ReadonlyMap<string, string> {
  const pairs = text
    .split(',')
    .filter(Boolean)
    .map((pair) => {
      const [key = '', value, ...more] = pair.split('=');
      if (key !== '' && value !== undefined && more.length === 0) return [key, value] as const;
      throw new UsageError(`--labels: "${pair}" is not written as key=value`);
    });
  return new Map(sortedBy(pairs, ([key]) => key));
}

/** The gateway `NAME.NAMESPACE`: a Pod of that name where there is one, else a workload with these labels. */
export function gatewayOf(mesh: Mesh, nameAndNamespace: string, labels: string): ProxyNode {
  return gatewayAs(mesh, nameAndNamespace, labelsOf(labels));
}

/** The same with labels that are read already. Throws UsageError. */
export function gatewayAs(mesh: Mesh, nameAndNamespace: string, labels: Labels): ProxyNode {
  const dot = nameAndNamespace.lastIndexOf('.');
  const [name, namespace] = [nameAndNamespace.slice(0, Math.max(dot, 0)), nameAndNamespace.slice(dot + 1)];
  if (name === '' || namespace === '') throw new UsageError(`--gateway: "${nameAndNamespace}" is not NAME.NAMESPACE`);
  const workload = mesh.workloads.get(nameAndNamespace);
  const [ip = '0.0.0.0'] = workload?.addresses ?? [];
  const known = workload === undefined ? {} : { locality: workload.locality };
  return proxyNode({ role: 'router', ip, name, namespace, labels, ...known });
}

function unknownPod(workloads: ReadonlyMap<string, Workload>, asked: string): string {
  const names = [...workloads.keys()];
  if (names.length === 0) return `there is no Pod ${asked}: the input has no Pods`;
  const near = names.filter((name) => name.startsWith(asked) || name.split('.', 1)[0] === asked).slice(0, 3);
  const hint = near.length > 0 ? `; did you mean ${near.join(', ')}?` : nearest(asked, names);
  return `there is no Pod ${asked} in the input, written as POD.NAMESPACE${hint}`;
}
