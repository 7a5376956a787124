// What of a client rules choose it by: labels of its workload, and its namespace. All else about it makes no difference.
import { memo } from '../../lib/memo.ts';
import type { Labels } from '../../model/endpoint.ts';
import { pickLabels } from '../../model/labels.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import { selectingLabels } from '../../model/policy.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import type { ClientMatch, RouteChoice } from '../../model/route.ts';
import { labelsAtGateways } from './gateways.ts';

function clientsIn({ otherwise, byNamespace }: RouteChoice): readonly ClientMatch[] {
  const all = [otherwise, ...byNamespace.values()];
  return all.flatMap((routes) =>
    routes === null ? [] : [...routes.entries, ...routes.connections].map(({ match }) => match.client),
  );
}

const labelsOfRoutes = memo(
  (routes: Mesh['routes']): ReadonlySet<string> =>
    new Set([...routes.values()].flatMap(clientsIn).flatMap(({ labels }) => [...labels.keys()])),
);

/** Namespaces whose clients have routes that others do not have. */
export const namespacesOfRoutes = memo(
  (routes: Mesh['routes']): ReadonlySet<string> =>
    new Set(
      [...routes.values()].flatMap((choice) => [
        ...choice.byNamespace.keys(),
        ...clientsIn(choice).flatMap(({ namespace }) => namespace ?? []),
      ]),
    ),
);

const none: ReadonlySet<string> = new Set();
const all = memo((a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> => new Set([...a, ...b]));

/** The labels by which any rule chooses clients of the namespace. */
function labelsThatMatter({ routes, policies, gateways }: Mesh, { namespace, role }: ProxyNode): ReadonlySet<string> {
  const ofMesh = all(labelsOfRoutes(routes), selectingLabels(policies).get(namespace) ?? none);
  return role === 'router' ? all(ofMesh, labelsAtGateways(gateways)) : ofMesh;
}

/** Those of a proxy's labels that matter: its Pod's, or what it says itself. Equal ones are one object. */
export function labelsOf(mesh: Mesh, node: ProxyNode, workload: Workload | undefined): Labels {
  return pickLabels((workload ?? node).labels, labelsThatMatter(mesh, node));
}
