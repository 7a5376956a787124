// A Lease of Kubernetes, held as long as this process lives and the API answers.
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type KubeApi, type Write } from '../kube/api.ts';
import { listPath, objectPath } from '../kube/paths.ts';
import type { JsonObject } from '../lib/json.ts';
import {
  defaultLeaseTimes,
  type Leadership,
  type LeaseRecord,
  type LeaseTimes,
  leads,
  leaseRecord,
  lost,
  mayTake,
  noLeadership,
  see,
  taken,
} from './leadership.ts';

export interface LeaseOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly name: string;
  /** Who we are: no two replicas have the same. */
  readonly identity: string;
  readonly times?: LeaseTimes;
  /** Told when we begin or cease to lead. */
  readonly onChange?: (leading: boolean) => void;
  /** Told why it could not be read or written. */
  readonly onError?: (reason: string) => void;
}

const apiVersion = 'coordination.k8s.io/v1';

export class Lease {
  readonly #options: LeaseOptions;
  readonly #times: LeaseTimes;
  readonly #ended = new AbortController();
  #state: Leadership = noLeadership;
  #told = false;
  #running: Promise<void> = Promise.resolve();
  /** Tells at the deadline that it has passed. */
  #alarm: NodeJS.Timeout | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#times = options.times ?? defaultLeaseTimes;
  }

  start(): void {
    this.#running = this.#run();
  }

  /**
   * Whether leader work may be done at this moment: to be asked before every write. True until a deadline that is before the
   * moment from which on another may lead, also after this process was stopped for a while.
   */
  get leading(): boolean {
    return leads(this.#state, performance.now());
  }

  /** Ends, and lets go of the Lease, so that another need not wait. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
    if (this.leading) await this.#release().catch(() => {});
    this.#become(lost(this.#state));
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await this.#turn().catch((error: unknown) => {
        if (!signal.aborted) this.#options.onError?.(error instanceof Error ? error.message : String(error));
      });
      this.#become(this.#state);
      await delay(this.#times.retry, undefined, { signal }).catch(() => {});
    }
  }

  async #turn(): Promise<void> {
    const began = performance.now();
    const { signal } = this.#ended;
    const record = await this.#read(signal);
    this.#state = see(this.#state, record, performance.now());
    const { identity } = this.#options;
    if (record !== null && record.holder !== identity) this.#state = lost(this.#state);
    if (!mayTake(this.#state, record, identity, performance.now())) return;
    const transitions = (record?.transitions ?? 0) + (record === null || record.holder === identity ? 0 : 1);
    const written = await this.#write(record, this.#spec(identity, transitions), signal);
    if (written !== null) this.#state = taken(this.#state, written.version, began, this.#times);
  }

  #become(state: Leadership): void {
    this.#state = state;
    clearTimeout(this.#alarm);
    const { leading } = this;
    if (leading && state.until !== null) {
      this.#alarm = setTimeout(() => this.#become(this.#state), Math.max(1, state.until - performance.now()));
      this.#alarm.unref();
    }
    if (leading === this.#told) return;
    this.#told = leading;
    this.#options.onChange?.(leading);
  }

  /** Null: there is none. */
  async #read(signal?: AbortSignal): Promise<LeaseRecord | null> {
    try {
      return leaseRecord(await this.#ask(objectPath(this.#object, apiVersion), undefined, signal));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /** With the version that was read, so that of two who write one fails; null: that was we. */
  async #write(record: LeaseRecord | null, spec: JsonObject, signal?: AbortSignal): Promise<LeaseRecord | null> {
    const { namespace, name } = this.#options;
    const metadata = { namespace, name, ...(record !== null && { resourceVersion: record.version }) };
    const body = { apiVersion, kind: 'Lease', metadata, spec };
    const path = record === null ? listPath(this.#object, apiVersion) : objectPath(this.#object, apiVersion);
    try {
      return leaseRecord(await this.#ask(path, { method: record === null ? 'POST' : 'PUT', body }, signal));
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return null;
      throw error;
    }
  }

  async #release(): Promise<void> {
    const record = await this.#read();
    if (record?.holder === this.#options.identity) await this.#write(record, this.#spec('', record.transitions));
  }

  get #object() {
    const { namespace, name } = this.#options;
    return { kind: 'Lease', namespace, name };
  }

  #spec(holderIdentity: string, leaseTransitions: number): JsonObject {
    const leaseDurationSeconds = Math.max(1, Math.ceil(this.#times.duration / 1000));
    const now = `${new Date().toISOString().slice(0, -1)}000Z`;
    return { holderIdentity, leaseDurationSeconds, leaseTransitions, renewTime: now };
  }

  /** Nothing is waited for longer than until the deadline. */
  #ask(path: string, write?: Write, ended?: AbortSignal): Promise<JsonObject> {
    const idle = this.#times.deadline / 2;
    const signal = AbortSignal.any([AbortSignal.timeout(idle), ...(ended === undefined ? [] : [ended])]);
    return this.#options.api.json({ path, ...(write && { write }), signal, idle });
  }
}
