// What proxies of one group have refused: none of the group is sent it again. The last good form stands in for it; where
// none is known here, proxies keep what they have.

import { type ResourceTable, routeConfiguration, type XdsResource } from '../envoy/resource.ts';
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import { memo } from '../lib/memo.ts';
import type { Refusal, Refusals } from './due.ts';
import { nameSet } from './name-set.ts';
import { type Culprit, type GoodForms, type RefusedHosts, resting, withStandIns } from './refusal.ts';
import type { Snapshot } from './snapshot.ts';
import { hostName, hostsByName } from './virtual-hosts.ts';

export interface Verdict {
  readonly kind: ResourceKind;
  readonly culprit: Culprit;
  /** The id of the proxy that refused it. */
  readonly node: string;
  /** What the proxy said. */
  readonly message: string;
}

type Verdicts = ReadonlyMap<string, Verdict>;

const noVerdicts: Verdicts = new Map();

const keyOf = ({ kind, culprit: { resource, host } }: Pick<Verdict, 'kind' | 'culprit'>): string =>
  JSON.stringify([kind, resource.name, host === null ? null : hostName(host)]);

/** Of one group of proxies. */
export class Quarantine {
  #verdicts: Verdicts = noVerdicts;

  get verdicts(): readonly Verdict[] {
    return [...this.#verdicts.values()];
  }

  /** Takes in what a proxy has refused. */
  add(verdicts: readonly Verdict[]): void {
    const entries = verdicts.map((verdict): [string, Verdict] => {
      const known = this.#verdicts.get(keyOf(verdict));
      return [keyOf(verdict), known === undefined ? verdict : sameFault(known, verdict)];
    });
    this.#verdicts = new Map([...this.#verdicts, ...entries]);
  }

  /** A proxy of the group has taken these: if another one has refused one, then not for what it is. Gives what that lifts. */
  taken(kind: ResourceKind, resources: readonly XdsResource[]): readonly Verdict[] {
    if (this.#verdicts.size === 0) return [];
    const versions = new Map(resources.map(({ name, version }) => [name, version] as const));
    return this.#keep(
      ({ kind: of, culprit: { resource } }) => of !== kind || versions.get(resource.name) !== resource.version,
    );
  }

  /** What the group's proxies should have. What has changed since it was refused is worth another try. */
  offer(snapshot: Snapshot): Snapshot {
    if (this.#verdicts.size === 0) return snapshot;
    this.#keep((verdict) => stands(verdict, snapshot[verdict.kind].get(verdict.culprit.resource.name)));
    return this.#verdicts.size === 0 ? snapshot : offered(snapshot, this.#verdicts);
  }

  /** Gives what is not kept. */
  #keep(which: (verdict: Verdict) => boolean): readonly Verdict[] {
    const all = [...this.#verdicts];
    const kept = all.filter(([, verdict]) => which(verdict));
    if (kept.length === all.length) return [];
    this.#verdicts = kept.length === 0 ? noVerdicts : new Map(kept);
    return all.flatMap(([key, verdict]) => (this.#verdicts.has(key) ? [] : [verdict]));
  }
}

/** The same again from another proxy: it may know the last good form that the first one did not. */
function sameFault(known: Verdict, verdict: Verdict): Verdict {
  const { culprit } = known;
  const [a, b] = [culprit.host ?? culprit.resource, verdict.culprit.host ?? verdict.culprit.resource];
  if (a.version !== b.version) return verdict;
  return culprit.good === null ? { ...known, culprit: { ...culprit, good: verdict.culprit.good } } : known;
}

function stands({ culprit: { resource, host } }: Verdict, current: XdsResource | undefined): boolean {
  if (current === undefined) return false;
  if (host === null) return current.version === resource.version;
  return hostsByName(current).get(hostName(host))?.version === host.version;
}

const offered = memo((snapshot: Snapshot, verdicts: Verdicts): Snapshot => {
  const faults = faultsOf(verdicts);
  const tables = resourceKinds.map((kind) => [kind, cleared(snapshot[kind], faults[kind])] as const);
  const withheld = resourceKinds.map((kind) => [kind, nameSet(faults[kind].withheld)] as const);
  return { ...(Object.fromEntries(tables) as unknown as Snapshot), withheld: Object.fromEntries(withheld) };
});

interface Faults {
  readonly refused: Refusals;
  readonly hosts: RefusedHosts;
  readonly good: GoodForms;
  /** Route configurations of nothing but the last good forms of such hosts. */
  readonly goodHosts: GoodForms;
  /** The names of which no good form is known. */
  readonly withheld: readonly string[];
}

const faultsOf = memo((verdicts: Verdicts): { readonly [K in ResourceKind]: Faults } => {
  const of = (kind: ResourceKind): Faults => {
    const all = [...verdicts.values()].filter((verdict) => verdict.kind === kind).map(({ culprit }) => culprit);
    const whole = all.filter(({ host }) => host === null);
    const parts = Map.groupBy(
      all.filter(({ host }) => host !== null),
      ({ resource }) => resource.name,
    );
    return {
      refused: new Map(
        whole.map(({ resource: { name, version } }): [string, Refusal] => [name, { version, response: null }]),
      ),
      hosts: new Map([...parts].map(([name, culprits]) => [name, hostVersions(culprits)])),
      good: new Map(whole.map(({ resource, good }) => [resource.name, good])),
      goodHosts: new Map([...parts].map(([name, culprits]) => [name, goodHosts(name, culprits)])),
      withheld: whole.filter(({ good }) => good === null).map(({ resource }) => resource.name),
    };
  };
  return { cluster: of('cluster'), endpoint: of('endpoint'), listener: of('listener'), route: of('route') };
});

/** Proxies that refuse different hosts of a route configuration may have had different forms of it. */
function goodHosts(route: string, culprits: readonly Culprit[]): XdsResource {
  const forms = culprits.flatMap(({ host, good }) => {
    return host === null || good === null ? [] : (hostsByName(good).get(hostName(host)) ?? []);
  });
  return routeConfiguration(route, {}, forms);
}

const hostVersions = (culprits: readonly Culprit[]): ReadonlyMap<string, string> =>
  new Map(culprits.flatMap(({ host }) => (host === null ? [] : [[hostName(host), host.version]])));

const cleared = memo((table: ResourceTable, { refused, hosts, good, goodHosts }: Faults): ResourceTable => {
  const whole = refused.size === 0 ? table : resting(table, refused, good);
  return hosts.size === 0 ? whole : withStandIns(whole, hosts, goodHosts);
});
