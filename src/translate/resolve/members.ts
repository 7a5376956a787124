// What besides EndpointSlices gives a service endpoints: a ServiceEntry itself, and the WorkloadEntries and Pods that are
// chosen by labels.
import type { Pod } from '../../crds/pod.ts';
import type { Service } from '../../crds/service.ts';
import type { Member } from '../../crds/values/member.ts';
import type { WorkloadEntry } from '../../crds/workload-entry.ts';
import { memo } from '../../lib/memo.ts';
import { sortedBy } from '../../lib/sorted.ts';
import { stableList, stableMap } from '../../lib/stable-table.ts';
import { tlsModeIstio, tlsModeLabel } from '../../model/client-tls.ts';
import type { Labels } from '../../model/endpoint.ts';
import type { Mesh, Workload } from '../../model/mesh.ts';
import { objectId } from '../../model/object.ts';
import { originOf } from '../../model/origin.ts';
import { isNamed } from '../../model/service.ts';

type Services = ReadonlyMap<string, Service>;
/** By host; hosts that have none are not there. */
export type Members = ReadonlyMap<string, readonly Member[]>;

/** Of services whose endpoints are sent, and of those whose endpoints proxies look up. */
export interface AllMembers {
  readonly sent: Members;
  readonly named: Members;
}

export interface MemberInputs {
  readonly services: Services;
  readonly workloadEntries: readonly WorkloadEntry[];
  readonly pods: readonly Pod[];
  readonly workloads: Mesh['workloads'];
}

interface Selecting {
  readonly host: string;
  readonly labels: readonly (readonly [string, unknown])[];
}

/** By namespace, then by the first label that is asked for and its value. */
type Selectors = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<unknown, readonly Selecting[]>>>;

interface Candidate {
  readonly namespace: string;
  readonly labels: Labels;
  readonly member: Member;
}

const ofEntry = ({ members }: Service): boolean => members !== null;

/** Whether any ServiceEntry chooses Pods. */
export const choosesPods = memo((services: Services): boolean =>
  services.values().some((service) => ofEntry(service) && service.selector !== null),
);

const selectorsOf = (services: Services, wanted: (service: Service) => boolean): Selectors => {
  const all = new Map<string, Map<string, Map<unknown, Selecting[]>>>();
  for (const service of services.values()) {
    if (service.selector === null || !wanted(service)) continue;
    const labels = Object.entries(service.selector);
    const [[name, value] = ['', '']] = labels;
    const inNamespace = all.get(service.namespace) ?? new Map<string, Map<unknown, Selecting[]>>();
    all.set(service.namespace, inNamespace);
    const byValue = inNamespace.get(name) ?? new Map<unknown, Selecting[]>();
    inNamespace.set(name, byValue);
    const selecting = byValue.get(value) ?? [];
    byValue.set(value, selecting);
    selecting.push({ host: service.host, labels });
  }
  return all;
};

const allSelectors = memo((services: Services): Selectors => selectorsOf(services, () => true));
const entrySelectors = memo((services: Services): Selectors => selectorsOf(services, ofEntry));

/** The hosts whose services choose a workload. */
function chosenBy(selectors: Selectors, { namespace, labels }: Candidate): readonly string[] {
  const hosts: string[] = [];
  for (const [name, byValue] of selectors.get(namespace) ?? []) {
    for (const { host, labels: asked } of byValue.get(labels.get(name)) ?? []) {
      if (asked.every(([key, value]) => labels.get(key) === value)) hosts.push(host);
    }
  }
  return hosts;
}

const entryCandidates = memo((entries: readonly WorkloadEntry[]): readonly Candidate[] =>
  sortedBy(entries, ({ name, namespace }) => `${namespace}/${name}`).map(({ namespace, member }) => {
    return { namespace, labels: member.labels, member };
  }),
);

const noPorts: ReadonlyMap<string, number> = new Map();

const podCandidate = memo((pod: Pod, workload: Workload): Candidate => {
  const { namespace, name, labels, serviceAccount } = pod;
  const origin = originOf(objectId({ group: '', kind: 'Pod', namespace, name }));
  const address = { kind: 'ip', ip: pod.addresses[0] ?? '' } as const;
  const { locality, node } = workload;
  const member = {
    address,
    ports: noPorts,
    healthy: pod.ready,
    labels,
    locality,
    node,
    instance: name,
    serviceAccount,
    weight: 1,
    origin,
  };
  return { namespace, labels, member };
});

function podCandidates({ pods, workloads }: MemberInputs): readonly Candidate[] {
  const sorted = sortedBy(pods, ({ name, namespace }) => `${namespace}/${name}`);
  return sorted.flatMap((pod) => {
    const workload = workloads.get(`${pod.name}.${pod.namespace}`);
    return workload === undefined || pod.addresses.length === 0 ? [] : [podCandidate(pod, workload)];
  });
}

function find(inputs: MemberInputs): Map<string, Member[]> {
  const { services, workloadEntries } = inputs;
  const found = new Map<string, Member[]>();
  const add = (host: string, member: Member): void => {
    const known = found.get(host);
    if (known === undefined) found.set(host, [member]);
    else known.push(member);
  };
  for (const { host, members } of services.values()) for (const member of members ?? []) add(host, member);
  const choose = (selectors: Selectors, candidates: readonly Candidate[]): void => {
    for (const candidate of candidates) {
      for (const host of chosenBy(selectors, candidate)) add(host, candidate.member);
    }
  };
  if (workloadEntries.length > 0) choose(allSelectors(services), entryCandidates(workloadEntries));
  if (choosesPods(services)) choose(entrySelectors(services), podCandidates(inputs));
  return found;
}

/** Keeps from one mesh to the next what is the same. */
export class MemberIndex {
  #last: AllMembers = { sent: new Map(), named: new Map() };

  of(inputs: MemberInputs): AllMembers {
    const sent = new Map<string, readonly Member[]>();
    const named = new Map<string, readonly Member[]>();
    for (const [host, members] of find(inputs)) {
      const service = inputs.services.get(host);
      const into = service !== undefined && isNamed(service.resolution) ? named : sent;
      into.set(host, members);
    }
    this.#last = { sent: kept(this.#last.sent, sent), named: kept(this.#last.named, named) };
    return this.#last;
  }
}

const same = (a: readonly Member[], b: readonly Member[]): boolean => stableList(a, b) === a;
const kept = (last: Members, next: Members): Members => stableMap(last, next, same);

/** Whether any of them can be called by mutual TLS. */
export const takesMutualTls = memo(({ sent, named }: AllMembers, services: Services): boolean =>
  [sent, named].some((members) =>
    members
      .entries()
      .some(
        ([host, list]) =>
          services.get(host)?.external === false &&
          list.some(({ labels }) => labels.get(tlsModeLabel) === tlsModeIstio),
      ),
  ),
);
