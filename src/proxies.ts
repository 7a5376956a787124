// Who is connected, and what each group of proxies is offered: its snapshot, without what its proxies have refused.
import type { XdsResource } from './envoy/resource.ts';
import { type ResourceKind, resourceKinds } from './envoy/types.ts';
import { recent } from './lib/recent.ts';
import type { Steps } from './lib/slices.ts';
import type { Diagnostic } from './model/diagnostic.ts';
import type { Mesh } from './model/mesh.ts';
import type { ProxyGroup, ProxyNode } from './model/proxy.ts';
import type { CarefulTranslator } from './translate/careful-translator.ts';
import type { Resources } from './translate/emit/resources.ts';
import { Quarantine, type Verdict } from './xds/quarantine.ts';
import type { Culprit } from './xds/refusal.ts';
import { diagnoseVerdict, type ProxyRefusal, refusalOf, unattributed } from './xds/refusal-diagnostics.ts';
import type { OnSnapshot, RefusalReport, Snapshot, SnapshotFeed } from './xds/snapshot.ts';

interface Feed {
  readonly node: ProxyNode;
  readonly onSnapshot: OnSnapshot;
  last: Snapshot | undefined;
  /** Its group in the mesh that it was last looked up in. */
  known: { readonly mesh: Mesh; readonly group: ProxyGroup } | undefined;
  /** Held, so that what is remembered for the group lives as long as one of its proxies is connected. */
  group: ProxyGroup | undefined;
  /** What the proxy has refused of its last snapshot without saying which resource, one entry a kind. */
  readonly refusals: Map<ResourceKind, Diagnostic>;
  /** What this proxy has refused though others of its group have taken it. */
  readonly own: Quarantine;
}

interface GroupSnapshot {
  readonly snapshot: Snapshot;
  readonly diagnostics: readonly Diagnostic[];
}

/** What one turn of the loop has made, each group once. */
export type Emitted = Map<ProxyGroup, GroupSnapshot>;

/** The proxies for which nothing could be made, and why. */
export type Failed = ReadonlyMap<ProxyNode, unknown>;

export interface ProxiesOptions {
  readonly translator: CarefulTranslator;
  /** Called when there is something to say about proxies that was not said before. */
  readonly onNews: () => void;
}

/** For how long at least what was made for a group waits for proxies to come back, in milliseconds. */
const lingering = 30_000;
/** Of how many groups without a proxy it is remembered what they have refused. */
const mostAbsent = 16;

export class Proxies {
  readonly #options: ProxiesOptions;
  readonly #feeds = new Set<Feed>();
  readonly #snapshots = new WeakMap<ProxyGroup, Snapshot>();
  /** Of groups that have refused something: kept while it stands, whether a proxy of the group is connected or not. */
  readonly #quarantines = new Map<ProxyGroup, Quarantine>();
  /** Holds groups that proxies have left, and with them what was made for them. */
  readonly #hold = recent<ProxyGroup>(lingering);
  #mesh: Mesh | undefined;
  /** While proxies are handed what was made of the mesh: that. */
  #emitted: Emitted = new Map();

  constructor(options: ProxiesOptions) {
    this.#options = options;
  }

  /** Hands the proxy its snapshot, now and whenever it differs. */
  follow(node: ProxyNode, onSnapshot: OnSnapshot): SnapshotFeed {
    const unsaid = { last: undefined, known: undefined, group: undefined, refusals: new Map(), own: new Quarantine() };
    const feed: Feed = { node, onSnapshot, ...unsaid };
    this.#feeds.add(feed);
    this.#tryToServe(feed);
    return {
      refused: (report) => this.#refused(feed, report),
      taken: (kind, resources) => this.#taken(feed, kind, resources),
      close: () => this.#close(feed),
    };
  }

  /** Makes the parts of all groups' snapshots, so that `emitAll` finds them made. */
  *prepare(mesh: Mesh): Steps {
    const prepared = new Set<ProxyGroup>();
    for (const { node } of this.#feeds) {
      try {
        const group = this.#options.translator.group(mesh, node);
        if (prepared.has(group)) continue;
        prepared.add(group);
        yield* this.#options.translator.prepare(mesh, group);
      } catch {
        // `emitAll` finds out why.
      }
    }
  }

  /** Makes the snapshots of all groups. */
  emitAll(mesh: Mesh, emitted: Emitted): Failed {
    const failed = new Map<ProxyNode, unknown>();
    for (const feed of this.#feeds) {
      try {
        const group = this.#groupOf(feed, mesh);
        if (this.#moves(feed, group) || !emitted.has(group)) this.#snapshot(mesh, group, emitted);
      } catch (error) {
        failed.set(feed.node, error);
      }
    }
    return failed;
  }

  /**
   * Hands out what was made of the mesh; whoever cannot be served keeps what it has. `changedAt`: when the oldest change in
   * it came, in milliseconds. Gives the number of groups that have something new.
   */
  *serveAll(mesh: Mesh, emitted: Emitted, failed: Failed, changedAt: number | undefined): Steps<number> {
    this.#mesh = mesh;
    this.#emitted = emitted;
    const changed = new Set<Snapshot>();
    for (const feed of this.#feeds) {
      const snapshot = failed.has(feed.node) ? null : this.#tryToServe(feed, changedAt);
      if (snapshot !== null) changed.add(snapshot);
      yield;
    }
    this.#emitted = new Map();
    this.#review(mesh);
    return changed.size;
  }

  /** Groups without a proxy too are to learn what has changed since it was refused. */
  #review(mesh: Mesh): void {
    const present = new Set([...this.#feeds].map(({ group }) => group));
    const absent = [...this.#quarantines.keys()].filter((group) => !present.has(group));
    for (const [index, group] of absent.entries()) {
      try {
        if (index < absent.length - mostAbsent) this.#quarantines.delete(group);
        else this.#snapshot(mesh, group, new Map());
      } catch {
        this.#quarantines.delete(group);
      }
    }
  }

  /** What a proxy would get, whether it is connected or not; undefined before there is anything. */
  snapshotFor(node: ProxyNode): Snapshot | undefined {
    if (this.#mesh === undefined) return undefined;
    return this.#snapshot(this.#mesh, this.#options.translator.group(this.#mesh, node), new Map()).snapshot;
  }

  /** What a proxy, or one of its group, has refused. */
  refusals(nodeId: string): readonly ProxyRefusal[] {
    const feed = this.#feeds.values().find(({ node }) => node.id === nodeId);
    if (feed?.group === undefined) return [];
    const unknown = [...feed.refusals].map(([kind, diagnostic]) => ({
      kind,
      resource: null,
      diagnostics: [diagnostic],
    }));
    const verdicts = this.#quarantines.get(feed.group)?.verdicts ?? [];
    return [...unknown, ...[...verdicts, ...feed.own.verdicts].map(refusalOf)];
  }

  /** All that proxies have refused, at the YAML behind it. */
  get diagnostics(): readonly Diagnostic[] {
    const feeds = [...this.#feeds];
    return [
      ...feeds.flatMap(({ refusals }) => [...refusals.values()]),
      ...feeds.flatMap(({ own }) => own.verdicts.flatMap(diagnoseVerdict)),
      ...[...this.#quarantines.values()].flatMap(({ verdicts }) => verdicts.flatMap(diagnoseVerdict)),
    ];
  }

  #close(feed: Feed): void {
    this.#feeds.delete(feed);
    if (feed.group !== undefined) this.#hold(feed.group);
    if (feed.refusals.size + feed.own.verdicts.length > 0) this.#options.onNews();
  }

  #refused(feed: Feed, { kind, message, culprits, own }: RefusalReport): void {
    const { node, group } = feed;
    const verdict = (culprit: Culprit): Verdict => ({ kind, culprit, node: node.id, message });
    if (culprits.length + own.length > 0) feed.refusals.delete(kind);
    else feed.refusals.set(kind, unattributed(node, message));
    feed.own.add(own.map(verdict));
    if (culprits.length > 0 && group !== undefined) {
      this.#quarantine(group).add(culprits.map(verdict));
      this.#serveGroup(group);
    }
    this.#options.onNews();
  }

  #taken(feed: Feed, kind: ResourceKind, resources: readonly XdsResource[]): void {
    const { group, refusals } = feed;
    const lifted = (group && this.#quarantines.get(group)?.taken(kind, resources)) ?? [];
    if (group !== undefined && lifted.length > 0) {
      for (const other of this.#feeds) {
        if (other !== feed && other.group === group) other.own.add(saidBy(other.node, lifted));
      }
      this.#serveGroup(group);
    }
    if (refusals.delete(kind) || lifted.length > 0) this.#options.onNews();
  }

  /** What a proxy has refused goes with it to its next group. Whether anything does. */
  #moves({ node, group: from }: Feed, to: ProxyGroup): boolean {
    const verdicts = from === undefined || from === to ? undefined : this.#quarantines.get(from)?.verdicts;
    const said = saidBy(node, verdicts ?? []);
    if (said.length > 0) this.#quarantine(to).add(said);
    return said.length > 0;
  }

  #quarantine(group: ProxyGroup): Quarantine {
    const known = this.#quarantines.get(group) ?? new Quarantine();
    this.#quarantines.set(group, known);
    return known;
  }

  /** At once: the others of the group are not to be sent what one has refused. */
  #serveGroup(group: ProxyGroup): void {
    this.#emitted.delete(group);
    for (const feed of this.#feeds) if (feed.group === group) this.#serve(feed);
  }

  #tryToServe(feed: Feed, changedAt?: number): Snapshot | null {
    try {
      return this.#serve(feed, changedAt);
    } catch {
      // The next turn finds out why.
      this.#options.onNews();
      return null;
    }
  }

  #groupOf(feed: Feed, mesh: Mesh): ProxyGroup {
    if (feed.known?.mesh !== mesh) feed.known = { mesh, group: this.#options.translator.group(mesh, feed.node) };
    return feed.known.group;
  }

  /** Hands a proxy its snapshot if that is not the one it has; gives what was handed over, or null. */
  #serve(feed: Feed, changedAt?: number): Snapshot | null {
    if (this.#mesh === undefined) return null;
    const group = this.#groupOf(feed, this.#mesh);
    const { snapshot } = this.#emitted.get(group) ?? this.#snapshot(this.#mesh, group, new Map());
    const { last } = feed;
    feed.group = group;
    if (snapshot === last) return null;
    for (const kind of resourceKinds) if (last?.[kind] !== snapshot[kind]) feed.refusals.delete(kind);
    feed.own.offer(snapshot);
    feed.last = snapshot;
    feed.onSnapshot(snapshot, changedAt);
    return snapshot;
  }

  /** The snapshot of a group: the same object as before while none of its tables differs. */
  #snapshot(mesh: Mesh, group: ProxyGroup, emitted: Emitted): GroupSnapshot {
    const { value, diagnostics } = this.#options.translator.emit(mesh, group);
    const last = this.#snapshots.get(group);
    const current = last !== undefined && sameTables(last, value) ? last : value;
    this.#snapshots.set(group, current);
    const quarantine = this.#quarantines.get(group);
    const result = { snapshot: quarantine?.offer(current) ?? current, diagnostics };
    if (quarantine?.verdicts.length === 0) this.#quarantines.delete(group);
    emitted.set(group, result);
    return result;
  }
}

const saidBy = ({ id }: ProxyNode, verdicts: readonly Verdict[]): readonly Verdict[] =>
  verdicts.filter(({ node }) => node === id);

function sameTables(a: Snapshot, b: Resources): boolean {
  return resourceKinds.every((kind) => a[kind] === b[kind]);
}
