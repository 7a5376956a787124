// What rules say of a service, bound to its ports.
import type { MutualTls } from './client-tls.ts';
import type { Labels } from './endpoint.ts';
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

/** Which policy a client sees depends on its namespace. */
export interface PolicyChoice {
  /** For clients in namespaces that `byNamespace` does not name; null: no rule. */
  readonly otherwise: ServicePolicy | null;
  readonly byNamespace: ReadonlyMap<string, ServicePolicy>;
}

/** All policies that some client sees. */
export function policiesIn({ otherwise, byNamespace }: PolicyChoice): readonly ServicePolicy[] {
  return [...(otherwise === null ? [] : [otherwise]), ...byNamespace.values()];
}

/** The policy that a client in `namespace` sees. */
export function policyFor(choice: PolicyChoice | undefined, namespace: string): ServicePolicy | null {
  return choice?.byNamespace.get(namespace) ?? choice?.otherwise ?? null;
}
