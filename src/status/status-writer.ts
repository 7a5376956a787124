// Writes conditions back to the API: few, merged with those of others, and by the holder of the Lease alone.
import { randomUUID } from 'node:crypto';
import { ApiError, type KubeApi } from '../kube/api.ts';
import { listPath, objectPath } from '../kube/paths.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import { type ObjectId, objectName } from '../model/object.ts';
import { type Condition, mergeConditions, onlyCountsDiffer } from './conditions.ts';
import { LeaderLoop, reasonOf } from './leader-loop.ts';

/** What is to be said of an object as it was read. */
export interface Desired {
  readonly id: ObjectId;
  readonly apiVersion: string;
  /** `metadata.generation`. */
  readonly generation: number;
  readonly conditions: readonly Condition[];
}

export interface StatusWriterOptions {
  readonly api: KubeApi;
  /** Whether we may write at this moment. */
  readonly leading: () => boolean;
  readonly desired: () => readonly Desired[];
  /** Who we are, in events. */
  readonly identity: string;
  readonly onError?: (id: ObjectId, reason: string) => void;
  readonly timers?: Partial<StatusTimers>;
}

/** All in milliseconds. */
export interface StatusTimers {
  /** Between two looks: no object is written more often. */
  readonly every: number;
  /** How long it takes until nothing but a count is written. */
  readonly counts: number;
}

const defaultTimers: StatusTimers = { every: 1_000, counts: 30_000 };
/** So many objects are written at once. */
const atOnce = 4;

interface Written {
  readonly generation: number;
  readonly conditions: readonly Condition[];
  readonly at: number;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #timers: StatusTimers;
  readonly #written = new Map<ObjectId, Written>();
  readonly #loop: LeaderLoop;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#timers = { ...defaultTimers, ...options.timers };
    const { api, leading } = options;
    const round = () => this.#round();
    this.#loop = new LeaderLoop({
      api,
      leading,
      every: this.#timers.every,
      round,
      forget: () => this.#written.clear(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #round(): Promise<void> {
    const all = this.#options.desired();
    const ids = new Set(all.map(({ id }) => id));
    for (const id of this.#written.keys()) if (!ids.has(id)) this.#written.delete(id);
    const due = all.filter((each) => this.#isDue(each));
    const next = due.values();
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const each of next) {
          if (!this.#loop.goesOn) return;
          await this.#take(each);
        }
      }),
    );
  }

  #isDue({ id, generation, conditions }: Desired): boolean {
    const last = this.#written.get(id);
    if (last === undefined || last.generation !== generation) return true;
    if (!onlyCountsDiffer(last.conditions, conditions)) return true;
    const same = JSON.stringify(last.conditions) === JSON.stringify(conditions);
    return !same && performance.now() - last.at >= this.#timers.counts;
  }

  async #take(desired: Desired): Promise<void> {
    const { id, generation, conditions } = desired;
    try {
      if (await this.#write(desired)) this.#written.set(id, { generation, conditions, at: performance.now() });
    } catch (error) {
      if (!this.#loop.goesOn) return;
      // What is gone needs no status; what has changed meanwhile is looked at again in the next round.
      if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
      this.#options.onError?.(id, reasonOf(error));
    }
  }

  /** Whether it says now what it is to say. With the version that was read: nothing of others is overwritten. */
  async #write({ id, apiVersion, generation, conditions }: Desired): Promise<boolean> {
    const path = objectPath(objectName(id), apiVersion);
    const current = await this.#loop.ask(path);
    const { generation: now, resourceVersion, uid } = metadataOf(current);
    if (now !== generation) return false;
    const merged = mergeConditions(current['status'], conditions, generation, new Date().toISOString());
    if (merged === null) return true;
    const body: JsonObject = {
      metadata: { resourceVersion: resourceVersion ?? null },
      status: { conditions: merged, observedGeneration: generation },
    };
    if (!this.#loop.goesOn) return false;
    await this.#loop.ask(`${path}/status`, { method: 'PATCH', type: 'application/merge-patch+json', body });
    await this.#tellFailures(id, apiVersion, String(uid), conditions);
    return true;
  }

  /** As Events, where that is news. */
  async #tellFailures(id: ObjectId, apiVersion: string, uid: string, conditions: readonly Condition[]): Promise<void> {
    const before = this.#written.get(id)?.conditions ?? [];
    for (const condition of conditions) {
      const { type, status, reason, message } = condition;
      const known = before.some((each) => each.type === type && each.status === status && each.reason === reason);
      if (status === 'True' || reason === 'Pending' || known) continue;
      const { kind, namespace, name } = objectName(id);
      const body: JsonObject = {
        ...{
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { name: `${name.slice(0, 200)}.${randomUUID()}`, namespace },
        },
        ...{ type: 'Warning', reason: `${type}${reason}`, note: message, action: 'Translate' },
        regarding: { apiVersion, kind, namespace, name, uid },
        ...{ reportingController: 'sluice.dev/sluice', reportingInstance: this.#options.identity },
        eventTime: `${new Date().toISOString().slice(0, -1)}000Z`,
      };
      await this.#loop.ask(listPath({ kind: 'Event', namespace }, 'events.k8s.io/v1'), { method: 'POST', body });
    }
  }
}

const metadataOf = ({ metadata }: JsonObject): JsonObject => (isObject(metadata) ? metadata : {});
