// Whether a proxy may be who it says it is.
import type { WorkloadIdentity } from '../model/identity.ts';
import type { Workload } from '../model/mesh.ts';
import type { ProxyNode } from '../model/proxy.ts';

/**
 * Null where the node agrees with the identity in the proxy's certificate; else why not. All that a node says of its
 * namespace and its service account has to agree, and its namespace it has to say: it decides what it gets. Where the Pod
 * that it says it is beside is known, that has to run as the same service account; a Pod that is not there (null) has no
 * proxy. Undefined: no Pods are known at all, and the certificate alone decides.
 */
export function authorizeNode(
  node: ProxyNode,
  identity: WorkloadIdentity,
  pod: Workload | null | undefined,
): string | null {
  const { namespace, serviceAccount } = identity;
  const claims = [
    ['the namespace of the node', node.namespace, namespace],
    ['metadata NAMESPACE of the node', node.metadataNamespace, namespace],
    ['metadata SERVICE_ACCOUNT of the node', node.serviceAccount, serviceAccount],
  ] as const;
  const wrong = claims.find(([, claimed, certified]) => claimed !== null && claimed !== certified);
  if (wrong !== undefined) {
    const [what, claimed, certified] = wrong;
    return `${what} is ${claimed}, and that of its certificate is ${certified}`;
  }
  if (pod === null) return `there is no Pod ${node.name} in the namespace ${namespace}`;
  // Not which one it is: that is for those who may know.
  const another = pod !== undefined && pod.serviceAccount !== serviceAccount;
  return another
    ? `the Pod ${node.name} does not run as the service account ${serviceAccount} of the certificate`
    : null;
}
