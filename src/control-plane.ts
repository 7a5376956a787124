// The loop: objects change, wait until they are quiet, translate everything, publish what differs.

import { decodeEach } from './crds/index.ts';
import { Batches, type BatchTiming, defaultTiming } from './lib/batches.ts';
import { atOnce, inSlices, type Steps } from './lib/slices.ts';
import { differingKeys } from './lib/tracked-calls.ts';
import { type Diagnostic, distinct, type Outcome } from './model/diagnostic.ts';
import type { Mesh, Workload } from './model/mesh.ts';
import type { TrustDomains } from './model/mesh-defaults.ts';
import type { ObjectId, ObjectSet } from './model/object.ts';
import type { ProxyNode } from './model/proxy.ts';
import { type Emitted, type Failed, Proxies } from './proxies.ts';
import { type Accepted, Input } from './sources/input.ts';
import type { Source, SourceReport } from './sources/source.ts';
import type { WipeGuardOptions } from './sources/wipe-guard.ts';
import { CarefulTranslator } from './translate/careful-translator.ts';
import type { ProxyRefusal } from './xds/refusal-diagnostics.ts';
import type { OnSnapshot, Snapshot, SnapshotFeed, SnapshotProvider } from './xds/snapshot.ts';

/** What one turn of the loop did. */
export interface Publication {
  /** Counts the publications of this process. */
  readonly revision: number;
  readonly objects: number;
  /** Of these, objects that the sources no longer have and that are kept in force for now. */
  readonly heldObjects: number;
  readonly services: number;
  /** Groups of proxies that were handed a new snapshot. */
  readonly groupsChanged: number;
  /** How long the oldest of the changes waited for the turn, in milliseconds; 0 for a turn without a change. */
  readonly waited: number;
  /** The kinds of the objects that changed. */
  readonly changedKinds: ReadonlySet<string>;
  /** How long the turn took, in milliseconds. */
  readonly took: number;
  /** All that is to be said about the input now. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ControlPlaneOptions {
  readonly sources: readonly Source[];
  readonly allowLoopbackEndpoints: boolean;
  readonly timing?: BatchTiming;
  /** Keeps what vanishes all at once in force until it is confirmed; without it everything takes effect at once. */
  readonly wipeGuard?: WipeGuardOptions;
  /** Told of faults: of an object that cannot be translated, or (null) of a turn, or what it made for a group of proxies. */
  readonly onFault?: (error: unknown, object: ObjectId | null) => void;
}

export class ControlPlane implements SnapshotProvider {
  readonly catchUp: SnapshotProvider['catchUp'];
  readonly #options: ControlPlaneOptions;
  readonly #translator: CarefulTranslator;
  readonly #batches: Batches;
  readonly #input: Input;
  readonly #proxies: Proxies;
  readonly #listeners = new Set<(publication: Publication) => void>();
  #objects: ObjectSet = new Map();
  #mesh: Mesh | undefined;
  #diagnostics: readonly Diagnostic[] = [];
  #revision = 0;
  #closed = false;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#translator = new CarefulTranslator({ ...options, onFault: (error, object) => this.#fault(error, object) });
    this.#proxies = new Proxies({ translator: this.#translator, onNews: () => this.#batches.add() });
    this.#batches = new Batches(() => inSlices(this.#turn()), options.timing ?? defaultTiming);
    const lags = options.sources.some(({ catchUp }) => catchUp !== undefined);
    this.catchUp = lags ? (signal) => this.#catchUp(signal) : undefined;
    this.#input = new Input(options.sources.length, options.wipeGuard ?? null, () => this.#batches.add());
  }

  /** Starts the sources and publishes once all have told what they hold. Rejects if a source has nothing to watch. */
  async start(): Promise<void> {
    await Promise.all(
      this.#options.sources.map((source, index) => source.start((report) => this.#take(index, report))),
    );
    atOnce(this.#turn());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#batches.close();
    this.#input.close();
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

  follow(node: ProxyNode, onSnapshot: OnSnapshot): SnapshotFeed {
    return this.#proxies.follow(node, onSnapshot);
  }

  /** What a proxy, or one of its group, has refused. */
  refusals(nodeId: string): readonly ProxyRefusal[] {
    return this.#proxies.refusals(nodeId);
  }

  /** The Pod that a proxy says it is beside; null where there is none of that name, undefined where no Pods are known. */
  workloadOf({ name, namespace }: ProxyNode): Workload | null | undefined {
    if (this.#mesh === undefined || this.#mesh.workloads.size === 0) return undefined;
    return this.#mesh.workloads.get(`${name}.${namespace}`) ?? null;
  }

  /** Whose identities are the mesh's, as MeshConfig says; null before the first publication. */
  get trustDomains(): TrustDomains | null {
    return this.#mesh?.defaults.proxy.trustDomains ?? null;
  }

  /** What a proxy would get now, whether it is connected or not; undefined before the first publication. */
  snapshotFor(node: ProxyNode): Snapshot | undefined {
    return this.#proxies.snapshotFor(node);
  }

  /** Takes a turn as if there were these objects, and one back. Nobody is told, but proxies that follow already. */
  rehearse(objects: ObjectSet): void {
    const inForce = this.#objects;
    if (this.#mesh === undefined) return;
    try {
      atOnce(this.#handOut(objects, this.#translator.resolve(objects)));
    } catch (error) {
      this.#fault(error);
    } finally {
      atOnce(this.#handOut(inForce, this.#translator.resolve(inForce)));
    }
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#options.sources.map((source) => source.catchUp?.(signal)));
    await this.#batches.settled();
  }

  #take(index: number, report: SourceReport): void {
    this.#input.take(index, report);
    // Before the first publication `start` waits for all sources, so that nobody is shown half of what there is.
    if (this.#mesh !== undefined) this.#batches.add();
  }

  /** Takes in what has changed and publishes it. Nothing that proxies are handed differs before all of it is made. */
  *#turn(): Steps {
    try {
      const start = performance.now();
      const input = this.#input.accept();
      if ((input.changes?.count ?? 0) > fewChanges) yield* decodeEach(input.objects);
      const resolved = this.#translator.resolve(input.objects);
      // What is little is done at once: acknowledgements would come between the first proxies and the last.
      if (!isMuch(this.#mesh, resolved.value)) return atOnce(this.#publish(start, input, resolved));
      yield;
      yield* this.#proxies.prepare(resolved.value);
      if (!this.#closed) yield* this.#publish(start, input, resolved);
    } catch (error) {
      this.#fault(error);
    }
  }

  #fault(error: unknown, object: ObjectId | null = null): void {
    this.#options.onFault?.(error, object);
  }

  /** All that proxies are to get; where that fails for some, once more without the objects at fault. */
  #translate(resolved: Outcome<Mesh>): Translated {
    let { value: mesh, diagnostics } = resolved;
    for (let again = true; ; again = false) {
      const emitted: Emitted = new Map();
      const failed = this.#proxies.emitAll(mesh, emitted);
      const better = again && failed.size > 0 ? this.#translator.blame([...failed.keys()]) : null;
      if (better === null) {
        for (const error of new Set(failed.values())) this.#fault(error);
        return { mesh, diagnostics, emitted, failed };
      }
      mesh = better.value;
      diagnostics = better.diagnostics;
    }
  }

  /** Translates the objects and hands out what differs. */
  *#handOut(objects: ObjectSet, resolved: Outcome<Mesh>, changedAt?: number): Steps<HandedOut> {
    this.#objects = objects;
    const { mesh, diagnostics, emitted, failed } = this.#translate(resolved);
    this.#mesh = mesh;
    const groupsChanged = yield* this.#proxies.serveAll(mesh, emitted, failed, changedAt);
    const ofGroups = [...emitted.values()].flatMap((each) => each.diagnostics);
    return { mesh, diagnostics: [...diagnostics, ...ofGroups, ...this.#proxies.diagnostics], groupsChanged };
  }

  *#publish(start: number, input: Accepted, resolved: Outcome<Mesh>): Steps {
    const { mesh, diagnostics, groupsChanged } = yield* this.#handOut(input.objects, resolved, input.changes?.since);
    if (this.#closed) return;
    this.#diagnostics = distinct([...input.diagnostics, ...diagnostics]);
    this.#revision += 1;
    const publication: Publication = {
      revision: this.#revision,
      objects: this.#objects.size,
      heldObjects: input.held,
      services: mesh.services.size,
      waited: start - (input.changes?.since ?? start),
      changedKinds: input.changes?.kinds ?? new Set(),
      groupsChanged,
      took: performance.now() - start,
      diagnostics: this.#diagnostics,
    };
    this.#input.published();
    for (const listener of this.#listeners) listener(publication);
  }
}

/** So many objects, or endpoints of so many services, change at once without delaying anything. */
const fewChanges = 20;

/** Whether a mesh differs so much from the one before that what is made of it is better made in slices. */
function isMuch(before: Mesh | undefined, { services, policies, endpoints }: Mesh): boolean {
  if (before === undefined) return false;
  if (services !== before.services || policies !== before.policies) return true;
  return differingKeys(before.endpoints, endpoints).size > fewChanges;
}

interface HandedOut {
  readonly mesh: Mesh;
  readonly diagnostics: readonly Diagnostic[];
  readonly groupsChanged: number;
}

interface Translated {
  readonly mesh: Mesh;
  readonly diagnostics: readonly Diagnostic[];
  readonly emitted: Emitted;
  readonly failed: Failed;
}
