// Which AuthorizationPolicies hold for a workload: those of its namespace and of the root namespace that choose it.
import { byText } from '../../lib/sorted.ts';
import { type AuthorizationPolicies, type AuthorizationPolicy, noPolicies } from '../../model/authorization.ts';
import { type Labels, matches } from '../../model/endpoint.ts';
import type { TrustDomains } from '../../model/mesh-defaults.ts';
import { withTrustDomains } from './principals.ts';

/** Where there are none. */
const noAuthorization: AuthorizationPolicies = { of: () => noPolicies };

/** `root`: the namespace whose policies are for the whole mesh. */
export function resolveAuthorization(
  policies: readonly AuthorizationPolicy[],
  root: string,
  trustDomains: TrustDomains,
): AuthorizationPolicies {
  const active = policies
    .filter(({ action }) => action !== null)
    .map((policy) => withTrustDomains(policy, trustDomains));
  if (active.length === 0) return noAuthorization;
  const sorted = active.toSorted((a, b) => byText(a.namespace, b.namespace) || byText(a.name, b.name));
  const byNamespace = Map.groupBy(sorted, ({ namespace }) => namespace);
  const ofMesh = byNamespace.get(root) ?? noPolicies;
  const near = (namespace: string) => (namespace === root ? noPolicies : (byNamespace.get(namespace) ?? noPolicies));
  const of = (namespace: string, labels: Labels): readonly AuthorizationPolicy[] => {
    const chosen = [...ofMesh, ...near(namespace)].filter(
      ({ selector }) => selector === null || matches(selector, labels),
    );
    return chosen.length === 0 ? noPolicies : chosen;
  };
  return { of };
}
