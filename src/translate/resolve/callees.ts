// Who is called by mutual TLS, and who has to answer then.
import { memo } from '../../lib/memo.ts';
import { stableList } from '../../lib/stable-table.ts';
import { type MutualTls, tlsModeIstio, tlsModeLabel } from '../../model/client-tls.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import type { MeshDefaults, TrustDomains } from '../../model/mesh-defaults.ts';
import { identityPrefix } from '../../model/names.ts';
import type { PeerAuthentications } from '../../model/peer-authentication.ts';
import { isNamed, type Service } from '../../model/service.ts';
import type { MergedRule } from './rules.ts';

/** By host, the SPIFFE ids of those behind a service, sorted. */
type Identities = ReadonlyMap<string, readonly string[]>;

/** What calls by mutual TLS depend on. */
export interface Callees {
  /** Whether any Pod takes mutual TLS. */
  readonly auto: boolean;
  readonly identities: Identities;
  readonly peers: PeerAuthentications;
}

const callees = memo(
  (identities: Identities, peers: PeerAuthentications, auto: boolean): Callees => ({ identities, peers, auto }),
);

const anyInjected = memo((workloads: ReadonlyMap<string, Workload>): boolean =>
  workloads.values().some(({ labels }) => labels.get(tlsModeLabel) === tlsModeIstio),
);

/** Whether a rule asks for the certificates of the mesh somewhere. */
const asksForMeshTls = memo(({ policy, subsets }: MergedRule): boolean => {
  const policies = [...(policy === null ? [] : [policy]), ...subsets.map((subset) => subset.policy)];
  const blocks = policies.flatMap((each) => [each, ...each.ports.values()]);
  return blocks.some(({ tls }) => tls?.kind === 'mesh');
});

const anyAsks = memo((rules: readonly MergedRule[]): boolean => rules.some(asksForMeshTls));

const nobody: readonly string[] = [];
const mutualTls = memo((identities: readonly string[], auto: boolean): MutualTls => ({ auto, identities }));

/** Null where neither the mesh nor a rule calls the service by mutual TLS. */
export function mutualTlsOf(
  { host, external, namespace }: Service,
  rules: readonly MergedRule[],
  callees: Callees,
): MutualTls | null {
  const auto = callees.auto && !external && !callees.peers.disabled(namespace);
  if (!auto && !rules.some(asksForMeshTls)) return null;
  return mutualTls(callees.identities.get(host) ?? nobody, auto);
}

/** Looks at one mesh after the other; a service's identities are the same list until one comes or goes. */
export class CalleeIndex {
  #endpoints: Mesh['endpoints'] = new Map();
  #services: ReadonlyMap<string, Service> = new Map();
  #identities: Identities = new Map();
  #trustDomains: TrustDomains | null = null;

  /**
   * Null where nobody in the mesh is called by mutual TLS: then nothing is looked at. Where MeshConfig says so all who can are;
   * `injected`: somebody who is no Pod takes it.
   */
  of(
    { autoMutualTls, proxy: { trustDomains } }: Pick<MeshDefaults, 'autoMutualTls' | 'proxy'>,
    services: ReadonlyMap<string, Service>,
    endpoints: Mesh['endpoints'],
    workloads: Mesh['workloads'],
    rules: readonly MergedRule[],
    peers: PeerAuthentications,
    injected: boolean,
  ): Callees | null {
    if (trustDomains !== this.#trustDomains) this.#forget(trustDomains);
    const auto = autoMutualTls && (injected || anyInjected(workloads));
    return auto || anyAsks(rules) ? callees(this.#follow(services, endpoints, trustDomains), peers, auto) : null;
  }

  /** Nobody has the identity any more that was known. */
  #forget(trustDomains: TrustDomains): void {
    this.#trustDomains = trustDomains;
    this.#endpoints = new Map();
    this.#services = new Map();
  }

  #follow(
    services: ReadonlyMap<string, Service>,
    endpoints: Mesh['endpoints'],
    trustDomains: TrustDomains,
  ): Identities {
    const changed = new Map<string, readonly string[]>();
    for (const [host, service] of services) {
      if (this.#endpoints.get(host) === endpoints.get(host) && this.#services.get(host) === service) continue;
      const known = this.#identities.get(host);
      const identities = stableList(known, identitiesOf(service, endpoints.get(host), trustDomains));
      if (identities !== known) changed.set(host, identities);
    }
    const gone = [...this.#identities.keys()].filter((host) => !services.has(host));
    this.#services = services;
    this.#endpoints = endpoints;
    if (changed.size > 0 || gone.length > 0) {
      const next = new Map([...this.#identities, ...changed]);
      for (const host of gone) next.delete(host);
      this.#identities = next;
    }
    return this.#identities;
  }
}

/** A Pod of another namespace may be put behind a service, but may not answer for it. */
function identitiesOf(
  { namespace, names, resolution }: Service,
  endpoints: ReturnType<Mesh['endpoints']['get']>,
  trustDomains: TrustDomains,
): readonly string[] {
  const accounts = new Set<string>();
  for (const list of (isNamed(resolution) ? resolution.endpoints : endpoints)?.values() ?? []) {
    for (const { serviceAccount } of list) if (serviceAccount !== null) accounts.add(serviceAccount);
  }
  const ids = [...accounts]
    .sort()
    .flatMap((account) => trustDomains.map((each) => `${identityPrefix(each)}ns/${namespace}/sa/${account}`));
  return names.length === 0 ? ids : [...names, ...ids];
}
