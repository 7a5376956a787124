// The ports on which a workload is called: those of its services, or those that its Sidecar lists.
import { memo } from '../../lib/memo.ts';
import type { ServedPort } from '../../model/mesh.ts';
import { usualMutualTls } from '../../model/peer-authentication.ts';
import type { Scope } from '../../model/scope.ts';

/** A listed port counts as that of the service which leads to it; without one it has the name of the Sidecar. */
const listedPorts = memo((scope: Scope, served: readonly ServedPort[]): readonly ServedPort[] =>
  scope.ingress.map(({ port, protocol }) => {
    const { namespace } = scope;
    const host = `${scope.name}.${namespace}`;
    const own = {
      object: scope.object,
      name: scope.name,
      namespace,
      host,
      port,
      protocol,
      targetPort: port,
      mutualTls: usualMutualTls,
    };
    const known = served.find(({ targetPort }) => targetPort === port);
    return known === undefined ? own : { ...known, protocol, object: scope.object };
  }),
);

/** What is behind a proxy with this Sidecar. */
export function calledPorts(scope: Scope | null, served: readonly ServedPort[]): readonly ServedPort[] {
  return scope === null || scope.ingress.length === 0 ? served : listedPorts(scope, served);
}
