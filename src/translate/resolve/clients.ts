// What of a client rules choose it by: labels of its workload, and its namespace. All else about it makes no difference.
import { interner } from '../../lib/intern.ts';
import { memo } from '../../lib/memo.ts';
import { type Labels, noLabels } from '../../model/endpoint.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import type { ClientMatch, RouteChoice } from '../../model/route.ts';

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

/** The labels by which any rule chooses clients. */
function labelsThatMatter({ routes }: Mesh): ReadonlySet<string> {
  return labelsOfRoutes(routes);
}

const internLabels = interner<Labels>();

/** Those of a proxy's labels that matter: its Pod's, or what it says itself. Equal ones are one object. */
export function labelsOf(mesh: Mesh, node: ProxyNode, workload: Workload | undefined): Labels {
  const matter = labelsThatMatter(mesh);
  if (matter.size === 0) return noLabels;
  const own = [...(workload ?? node).labels].filter(([name]) => matter.has(name));
  return own.length === 0 ? noLabels : internLabels(JSON.stringify(own), () => new Map(own));
}
