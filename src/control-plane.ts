// The loop: objects change, wait until they are quiet, translate everything, publish what differs.

import type { XdsResource } from './envoy/resource.ts';
import { type ResourceKind, resourceKinds } from './envoy/types.ts';
import { Batches, type BatchTiming, defaultTiming } from './lib/batches.ts';
import type { Diagnostic } from './model/diagnostic.ts';
import type { Mesh, Workload } from './model/mesh.ts';
import type { ObjectId, ObjectSet, SourceObject } from './model/object.ts';
import type { ProxyGroup, ProxyNode } from './model/proxy.ts';
import type { Source, SourceReport } from './sources/source.ts';
import type { Resources } from './translate/emit/resources.ts';
import { Translator } from './translate/translator.ts';
import { Quarantine, type Verdict } from './xds/quarantine.ts';
import type { Culprit } from './xds/refusal.ts';
import { diagnoseVerdict, type ProxyRefusal, refusalOf, unattributed } from './xds/refusal-diagnostics.ts';
import type { RefusalReport, Snapshot, SnapshotFeed, SnapshotProvider } from './xds/snapshot.ts';

/** What one turn of the loop did. */
export interface Publication {
  /** Counts the publications of this process. */
  readonly revision: number;
  readonly objects: number;
  readonly services: number;
  /** Groups of proxies that were handed a new snapshot. */
  readonly groupsChanged: number;
  /** How long the turn took, in milliseconds. */
  readonly took: number;
  /** All that is to be said about the input now. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ControlPlaneOptions {
  readonly sources: readonly Source[];
  readonly allowLoopbackEndpoints: boolean;
  readonly timing?: BatchTiming;
  /** Told of faults that stopped a turn; what was published before stays in force. */
  readonly onFault?: (error: unknown) => void;
}

interface Feed {
  readonly node: ProxyNode;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  last: Snapshot | undefined;
  /** Held, so that what is remembered for the group lives as long as one of its proxies is connected. */
  group: ProxyGroup | undefined;
  /** What the proxy has refused of its last snapshot without saying which resource, one entry a kind. */
  readonly refusals: Map<ResourceKind, Diagnostic>;
  /** What this proxy has refused though others of its group have taken it. */
  readonly own: Quarantine;
}

interface SourceState {
  readonly objects: Map<ObjectId, SourceObject>;
  diagnostics: readonly Diagnostic[];
}

function applyReport(state: SourceState, { changes, diagnostics }: SourceReport): void {
  for (const change of changes) {
    if (change.kind === 'applied') state.objects.set(change.object.id, change.object);
    else state.objects.delete(change.id);
  }
  state.diagnostics = diagnostics;
}

/** Objects of all sources; where two have the same object the earlier source wins. */
function merge(states: readonly SourceState[]): ObjectSet {
  return new Map([...states].reverse().flatMap(({ objects }) => [...objects]));
}

export class ControlPlane implements SnapshotProvider {
  readonly #options: ControlPlaneOptions;
  readonly #translator: Translator;
  readonly #states: readonly SourceState[];
  readonly #batches: Batches;
  readonly #feeds = new Set<Feed>();
  readonly #snapshots = new WeakMap<ProxyGroup, Snapshot>();
  /** Of groups that have refused something: kept while it stands, whether a proxy of the group is connected or not. */
  readonly #quarantines = new Map<ProxyGroup, Quarantine>();
  readonly #listeners = new Set<(publication: Publication) => void>();
  #objects: ObjectSet = new Map();
  #mesh: Mesh | undefined;
  #diagnostics: readonly Diagnostic[] = [];
  #revision = 0;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#translator = new Translator(options);
    this.#states = options.sources.map(() => ({ objects: new Map(), diagnostics: [] }));
    this.#batches = new Batches(() => this.#publish(), options.timing ?? defaultTiming);
  }

  /** Starts the sources and publishes once all have told what they hold. Rejects if a source has nothing to watch. */
  async start(): Promise<void> {
    await Promise.all(
      this.#options.sources.map((source, index) => source.start((report) => this.#take(index, report))),
    );
    this.#publish();
  }

  async close(): Promise<void> {
    this.#batches.close();
    await Promise.all(this.#options.sources.map((source) => source.close()));
  }

  /** The objects in force: what a line of a diagnostic is looked up in. */
  get objects(): ObjectSet {
    return this.#objects;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Calls `listener` after every publication; returns what ends that. */
  onPublish(listener: (publication: Publication) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  follow(node: ProxyNode, onSnapshot: (snapshot: Snapshot) => void): SnapshotFeed {
    const feed: Feed = {
      node,
      onSnapshot,
      last: undefined,
      group: undefined,
      refusals: new Map(),
      own: new Quarantine(),
    };
    this.#feeds.add(feed);
    this.#serve(feed);
    return { close: () => this.#feeds.delete(feed) };
  }

  refused(node: ProxyNode, { kind, message, culprits, own }: RefusalReport): void {
    const verdict = (culprit: Culprit): Verdict => ({ kind, culprit, node: node.id, message });
    for (const feed of [...this.#feeds].filter((each) => each.node.id === node.id)) {
      if (feed.group === undefined) continue;
      if (culprits.length + own.length > 0) feed.refusals.delete(kind);
      else feed.refusals.set(kind, unattributed(node, message));
      feed.own.add(own.map(verdict));
      if (culprits.length === 0) continue;
      this.#quarantine(feed.group).add(culprits.map(verdict));
      this.#serveGroup(feed.group);
    }
    this.#batches.add();
  }

  taken(node: ProxyNode, kind: ResourceKind, resources: readonly XdsResource[]): void {
    for (const feed of this.#feeds) {
      if (feed.node.id !== node.id || feed.group === undefined) continue;
      if (feed.refusals.delete(kind)) this.#batches.add();
      if (this.#quarantines.get(feed.group)?.taken(kind, resources) !== true) continue;
      this.#serveGroup(feed.group);
      this.#batches.add();
    }
  }

  #quarantine(group: ProxyGroup): Quarantine {
    const known = this.#quarantines.get(group) ?? new Quarantine();
    this.#quarantines.set(group, known);
    return known;
  }

  /** At once: the others of the group are not to be sent what one has refused. */
  #serveGroup(group: ProxyGroup): void {
    for (const feed of this.#feeds) if (feed.group === group) this.#serve(feed);
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

  /** The Pod that a proxy says it is beside; undefined where there is none of that name. */
  workloadOf({ name, namespace }: ProxyNode): Workload | undefined {
    return this.#mesh?.workloads.get(`${name}.${namespace}`);
  }

  /** What a proxy would get now, whether it is connected or not; undefined before the first publication. */
  snapshotFor(node: ProxyNode): Snapshot | undefined {
    return this.#mesh && this.#snapshot(this.#mesh, this.#translator.group(this.#mesh, node)).snapshot;
  }

  #take(index: number, report: SourceReport): void {
    const state = this.#states[index];
    if (state === undefined) return;
    applyReport(state, report);
    // Before the first publication `start` waits for all sources, so that nobody is shown half of what there is.
    if (this.#mesh !== undefined) this.#batches.add();
  }

  #publish(): void {
    try {
      this.#publishOnce();
    } catch (error) {
      this.#options.onFault?.(error);
    }
  }

  #publishOnce(): void {
    const start = performance.now();
    this.#objects = merge(this.#states);
    const { value: mesh, diagnostics } = this.#translator.resolve(this.#objects);
    this.#mesh = mesh;
    const emitted: Emitted = new Map();
    const served = [...this.#feeds].map((feed) => this.#serve(feed, emitted));
    const refusals = [
      ...[...this.#feeds].flatMap(({ refusals: each, own }) => [
        ...each.values(),
        ...own.verdicts.flatMap(diagnoseVerdict),
      ]),
      ...[...this.#quarantines.values()].flatMap(({ verdicts }) => verdicts.flatMap(diagnoseVerdict)),
    ];
    const sources = this.#states.flatMap((state) => state.diagnostics);
    this.#diagnostics = distinct([
      ...sources,
      ...diagnostics,
      ...[...emitted.values()].flatMap((each) => each.diagnostics),
      ...refusals,
    ]);
    this.#revision += 1;
    const publication: Publication = {
      revision: this.#revision,
      objects: this.#objects.size,
      services: mesh.services.size,
      groupsChanged: new Set(served.filter((each) => each.changed).map((each) => each.snapshot)).size,
      took: performance.now() - start,
      diagnostics: this.#diagnostics,
    };
    for (const listener of this.#listeners) listener(publication);
  }

  /** Hands a proxy its snapshot if that is not the one it has. */
  #serve(feed: Feed, emitted: Emitted = new Map()): Served {
    if (this.#mesh === undefined) return { snapshot: undefined, changed: false };
    const group = this.#translator.group(this.#mesh, feed.node);
    const { snapshot } = emitted.get(group) ?? this.#snapshot(this.#mesh, group, emitted);
    const { last } = feed;
    feed.group = group;
    if (snapshot === last) return { snapshot, changed: false };
    for (const kind of resourceKinds) if (last?.[kind] !== snapshot[kind]) feed.refusals.delete(kind);
    feed.own.offer(snapshot);
    feed.last = snapshot;
    feed.onSnapshot(snapshot);
    return { snapshot, changed: true };
  }

  /** The snapshot of a proxy's group: the same object as before while none of its tables differs. */
  #snapshot(mesh: Mesh, group: ProxyGroup, emitted: Emitted = new Map()): GroupSnapshot {
    const { value, diagnostics } = this.#translator.emit(mesh, group);
    const last = this.#snapshots.get(group);
    const current = last !== undefined && sameTables(last, value) ? last : value;
    this.#snapshots.set(group, current);
    const quarantine = this.#quarantines.get(group);
    const snapshot = quarantine?.offer(current) ?? current;
    if (quarantine?.verdicts.length === 0) this.#quarantines.delete(group);
    const result = { snapshot, diagnostics };
    emitted.set(group, result);
    return result;
  }
}

interface GroupSnapshot {
  readonly snapshot: Snapshot;
  readonly diagnostics: readonly Diagnostic[];
}

/** What one turn of the loop has made, each group once. */
type Emitted = Map<ProxyGroup, GroupSnapshot>;

interface Served {
  readonly snapshot: Snapshot | undefined;
  readonly changed: boolean;
}

function sameTables(a: Snapshot, b: Resources): boolean {
  return resourceKinds.every((kind) => a[kind] === b[kind]);
}

/** Each diagnostic once: several groups of proxies may meet the same. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ code, object, path, message, location }: Diagnostic): string =>
    JSON.stringify([code, object, path, message, location]);
  return [...new Map(diagnostics.map((each) => [key(each), each] as const)).values()];
}
