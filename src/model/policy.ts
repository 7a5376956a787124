// What rules say of a service, bound to its ports.
import { memo } from '../lib/memo.ts';
import type { MutualTls } from './client-tls.ts';
import { type Labels, matches, noLabels } from './endpoint.ts';
import { pickLabels } from './labels.ts';
import type { ObjectId } from './object.ts';
import type { PortPolicy } from './port-policy.ts';

export interface Subset {
  readonly name: string;
  /** Endpoints with all these labels belong to it. */
  readonly labels: Labels;
  /** By service port number; every port of the service has an entry. */
  readonly ports: ReadonlyMap<number, PortPolicy>;
}

/** One rule, or several of one namespace merged, or none, bound to one service. */
export interface ServicePolicy {
  /** The rules behind it, oldest first. */
  readonly rules: readonly ObjectId[];
  /** By service port number; every port of the service has an entry. */
  readonly ports: ReadonlyMap<number, PortPolicy>;
  readonly subsets: readonly Subset[];
  /** Null where nobody calls the service by the certificates of the mesh. */
  readonly mutual: MutualTls | null;
}

/** A policy for chosen workloads of a namespace, when they call. */
export interface SelectedPolicy {
  readonly namespace: string;
  readonly selector: Labels;
  readonly policy: ServicePolicy;
}

/** Which policy a client sees depends on its namespace and, where a rule chooses clients, on its labels. */
export interface PolicyChoice {
  /** For clients in namespaces that `byNamespace` does not name; null: no rule. */
  readonly otherwise: ServicePolicy | null;
  readonly byNamespace: ReadonlyMap<string, ServicePolicy>;
  /** The first that fits comes before all others. */
  readonly selected: readonly SelectedPolicy[];
}

/** What of a client its policies depend on. */
export interface PolicyClient {
  readonly namespace: string;
  readonly labels: Labels;
}

/** The policy that a client sees. */
export function policyFor(choice: PolicyChoice | undefined, { namespace, labels }: PolicyClient): ServicePolicy | null {
  if (choice === undefined) return null;
  const { otherwise, byNamespace, selected } = choice;
  const chosen = selected.find((each) => each.namespace === namespace && matches(each.selector, labels));
  return chosen?.policy ?? byNamespace.get(namespace) ?? otherwise;
}

/** All policies that some client sees. */
export function policiesIn({ otherwise, byNamespace, selected }: PolicyChoice): readonly ServicePolicy[] {
  return [...(otherwise === null ? [] : [otherwise]), ...byNamespace.values(), ...selected.map(({ policy }) => policy)];
}

/** The labels by which some policy chooses clients, by the namespace that it is for. */
export const selectingLabels = memo(
  (policies: ReadonlyMap<string, PolicyChoice>): ReadonlyMap<string, ReadonlySet<string>> => {
    const byNamespace = new Map<string, Set<string>>();
    for (const { selected } of policies.values()) {
      for (const { namespace, selector } of selected) {
        const names = byNamespace.get(namespace) ?? new Set<string>();
        byNamespace.set(namespace, names);
        for (const name of selector.keys()) names.add(name);
      }
    }
    return byNamespace;
  },
);

/** The same for all clients that see the same policies. */
export function policyClient(
  policies: ReadonlyMap<string, PolicyChoice>,
  { namespace, labels }: PolicyClient,
): PolicyClient {
  return client(pickLabels(labels, selectingLabels(policies).get(namespace) ?? []), namespace);
}

const client = memo((labels: Labels, namespace: string): PolicyClient => ({ namespace, labels }));

/** A client that no rule chooses by its labels. */
export const anyClientIn = (namespace: string): PolicyClient => client(noLabels, namespace);
