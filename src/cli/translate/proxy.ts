// The proxy that is asked about: that of a Pod, or one in a namespace about whose workload nothing is known.
import { nearest } from '../../crds/decode.ts';
import { nowhere } from '../../model/endpoint.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import { clusterDomain } from '../../model/names.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import { UsageError } from '../command.ts';

type Who = Pick<ProxyNode, 'ip' | 'name' | 'namespace' | 'locality'>;
type Kind = ProxyNode['generator'];

/** A captured sidecar of the pinned Envoy's version, as its bootstrap would introduce it, or a gRPC client. */
function sidecar({ ip, name, namespace, locality }: Who, generator: Kind): ProxyNode {
  return {
    id: `sidecar~${ip}~${name}.${namespace}~${namespace}.svc.${clusterDomain}`,
    role: 'sidecar',
    generator,
    ip,
    name,
    namespace,
    metadataNamespace: null,
    serviceAccount: null,
    interception: 'REDIRECT',
    portOffset: 0,
    envoyMinor: pinnedEnvoyMinor,
    locality,
  };
}

/** Envoy 1.40, which set-up installs. */
const pinnedEnvoyMinor = 40;

/** The sidecar of a workload in `namespace` that has no labels and serves nothing. */
export function anySidecar(namespace: string, generator: Kind): ProxyNode {
  return sidecar({ ip: '0.0.0.0', name: 'any', namespace, locality: nowhere }, generator);
}

/** The sidecar of the Pod `POD.NAMESPACE`. Throws UsageError, naming those that are near, if there is none. */
export function sidecarOf(mesh: Mesh, podAndNamespace: string, generator: Kind): ProxyNode {
  const workload = mesh.workloads.get(podAndNamespace);
  if (workload === undefined) throw new UsageError(unknownPod(mesh.workloads, podAndNamespace));
  const { name, namespace, addresses, locality } = workload;
  const [ip] = addresses;
  if (ip === undefined) throw new UsageError(`the Pod ${podAndNamespace} has no IP address in status.podIPs yet`);
  return sidecar({ ip, name, namespace, locality }, generator);
}

function unknownPod(workloads: ReadonlyMap<string, Workload>, asked: string): string {
  const names = [...workloads.keys()];
  if (names.length === 0) return `there is no Pod ${asked}: the input has no Pods`;
  const near = names.filter((name) => name.startsWith(asked) || name.split('.', 1)[0] === asked).slice(0, 3);
  const hint = near.length > 0 ? `; did you mean ${near.join(', ')}?` : nearest(asked, names);
  return `there is no Pod ${asked} in the input, written as POD.NAMESPACE${hint}`;
}
