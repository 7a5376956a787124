// EndpointSlices → endpoints of all services, kept from mesh to mesh: a changed slice costs what it touches.
import type { EndpointSlice } from '../../crds/endpoint-slice.ts';
import type { Service } from '../../crds/service.ts';
import type { Member } from '../../crds/values/member.ts';
import { LastCalls } from '../../lib/last-calls.ts';
import { withValues } from '../../lib/layered-map.ts';
import { type Diagnostic, diagnose, type Outcome } from '../../model/diagnostic.ts';
import type { ServiceEndpoints } from '../../model/endpoint.ts';
import { at } from '../../model/origin.ts';
import { type EndpointInputs, endpointsOf, lookBehind } from './endpoints.ts';

type Outcomes = Map<string, Outcome<ServiceEndpoints>>;

/** By the hosts of services. */
interface Resolved {
  readonly inputs: EndpointInputs;
  readonly slices: Map<string, readonly EndpointSlice[]>;
  readonly outcomes: Outcomes;
  readonly value: ReadonlyMap<string, ServiceEndpoints>;
  readonly diagnostics: readonly Diagnostic[];
}

/** A slice that has taken the place of another one of the same service. */
interface Exchange {
  readonly before: EndpointSlice;
  readonly after: EndpointSlice;
}

const none: readonly EndpointSlice[] = [];
const nobody: readonly Member[] = [];
const nothing: Outcome<ServiceEndpoints> = { value: new Map(), diagnostics: [] };

/** Proxies find the endpoints of all others by themselves. */
const hasEndpoints = ({ resolution: { kind } }: Service): boolean =>
  kind === 'eds' || kind === 'passthrough' || kind === 'alias';
/** With more slices exchanged at once all services are looked at. */
const mostExchanges = 1000;

export class EndpointResolver {
  readonly #calls = new LastCalls<string, Outcome<ServiceEndpoints>>();
  #last: Resolved | undefined;

  /** By host. Only services whose inputs changed are computed again. */
  resolve(inputs: EndpointInputs): Outcome<ReadonlyMap<string, ServiceEndpoints>> {
    const last = this.#last;
    const exchanges = last === undefined ? null : exchanged(last.inputs, inputs);
    const few = last !== undefined && exchanges !== null;
    const resolved = few ? follow(last, inputs, exchanges) : this.#all(inputs);
    this.#last = resolved;
    return resolved;
  }

  #all(inputs: EndpointInputs): Resolved {
    const slices = groupSlices(inputs);
    const outcomes: Outcomes = new Map();
    const value = new Map<string, ServiceEndpoints>();
    for (const { host } of inputs.services.values()) {
      const outcome = this.#ofService(host, slices.get(host) ?? none, inputs);
      outcomes.set(host, outcome);
      value.set(host, outcome.value);
    }
    this.#calls.endRound();
    return { inputs, slices, outcomes, value, diagnostics: said(inputs, outcomes) };
  }

  /** Where no Pod and no Node has changed, what stands behind the endpoints is not even looked up. */
  #ofService(host: string, slices: readonly EndpointSlice[], inputs: EndpointInputs): Outcome<ServiceEndpoints> {
    const { workloads, nodes, peers } = inputs;
    const service = inputs.services.get(host);
    if (service !== undefined && !hasEndpoints(service)) return nothing;
    const members = inputs.members.get(host) ?? nobody;
    return this.#calls.runThrough(
      host,
      [service, workloads, nodes, peers, ...members, ...slices],
      () => [service, peers, ...members, ...lookBehind(slices, inputs).inputs],
      () => compute(host, slices, inputs),
    );
  }
}

function compute(host: string, slices: readonly EndpointSlice[], inputs: EndpointInputs): Outcome<ServiceEndpoints> {
  const service = inputs.services.get(host);
  if (service === undefined) throw new Error(`no service has the host ${host}`);
  const members = inputs.members.get(host) ?? nobody;
  return endpointsOf(service, lookBehind(slices, inputs).views, members, inputs);
}

function groupSlices({ slices, services }: EndpointInputs): Map<string, readonly EndpointSlice[]> {
  const groups = new Map<string, readonly EndpointSlice[]>();
  for (const slice of slices) {
    if (slice.host === null || !services.has(slice.host)) continue;
    const group = groups.get(slice.host);
    groups.set(slice.host, group === undefined ? [slice] : [...group, slice]);
  }
  return groups;
}

/** What is different, if it is no more than some slices; null: something else, or too much. */
function exchanged(last: EndpointInputs, next: EndpointInputs): readonly Exchange[] | null {
  const same = last.services === next.services && last.workloads === next.workloads && last.nodes === next.nodes;
  if (!same || last.peers !== next.peers || last.slices.length !== next.slices.length) return null;
  const exchanges: Exchange[] = [];
  for (const [index, after] of next.slices.entries()) {
    const before = last.slices[index];
    if (before === after) continue;
    if (before?.host !== after.host || exchanges.length === mostExchanges) return null;
    exchanges.push({ before, after });
  }
  return exchanges;
}

/** The hosts whose members are others than before. */
function otherMembers(last: EndpointInputs['members'], next: EndpointInputs['members']): readonly string[] {
  if (last === next) return [];
  const hosts = [...next].flatMap(([host, members]) => (last.get(host) === members ? [] : [host]));
  return [...hosts, ...[...last.keys()].filter((host) => !next.has(host))];
}

/** Changes what was kept only when all is computed: it has to be what it was if that throws. */
function follow(last: Resolved, inputs: EndpointInputs, exchanges: readonly Exchange[]): Resolved {
  const { slices, outcomes, value } = last;
  const groups = new Map<string, readonly EndpointSlice[]>();
  for (const { before, after } of exchanges) {
    const host = after.host ?? '';
    const group = groups.get(host) ?? slices.get(host);
    if (group !== undefined)
      groups.set(
        host,
        group.map((slice) => (slice === before ? after : slice)),
      );
  }
  for (const host of otherMembers(last.inputs.members, inputs.members)) {
    groups.set(host, groups.get(host) ?? slices.get(host) ?? none);
  }
  const changed = [...groups].map(([host, group]) => ({ host, group, outcome: compute(host, group, inputs) }));
  const silent = changed.every(({ host, outcome }) => isSilent(outcome) && isSilent(outcomes.get(host) ?? nothing));
  for (const { host, group, outcome } of changed) {
    slices.set(host, group);
    outcomes.set(host, outcome);
  }
  const next = withValues(value, new Map(changed.map(({ host, outcome }) => [host, outcome.value] as const)));
  const unsaid = silent && exchanges.every(({ before }) => belongs(before, inputs));
  return { inputs, slices, outcomes, value: next, diagnostics: unsaid ? last.diagnostics : said(inputs, outcomes) };
}

const isSilent = ({ diagnostics }: Outcome<unknown>): boolean => diagnostics.length === 0;

const belongs = ({ host }: EndpointSlice, { services }: EndpointInputs): boolean => host !== null && services.has(host);

/** What is to be said about the slices that belong to no service, and about all services, in their order. */
function said(inputs: EndpointInputs, outcomes: Outcomes): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const slice of inputs.slices) {
    if (!belongs(slice, inputs)) diagnostics.push(stray(slice));
  }
  for (const outcome of outcomes.values()) {
    // One by one: an argument list has a limit, which the endpoints of a service may exceed.
    for (const each of outcome.diagnostics) diagnostics.push(each);
  }
  return diagnostics;
}

function stray({ service, namespace, origin }: EndpointSlice): Diagnostic {
  const message =
    service === null
      ? 'the label kubernetes.io/service-name is missing, so its endpoints belong to no Service'
      : `there is no Service "${service}" in namespace ${namespace}`;
  return diagnose('SLC0202', at(origin, 'metadata', 'labels', 'kubernetes.io/service-name'), message);
}
