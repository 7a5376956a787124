// Work that is done again and again, while we lead.
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeApi, Write } from '../kube/api.ts';
import type { JsonObject } from '../lib/json.ts';

export interface LeaderLoopOptions {
  readonly api: KubeApi;
  /** Whether we lead at this moment. */
  readonly leading: () => boolean;
  /** Between two rounds, in milliseconds. */
  readonly every: number;
  /** Never rejects. */
  readonly round: () => Promise<void>;
  /** Called in place of a round while another leads, who may change what we have written. */
  readonly forget: () => void;
}

/** How long an answer of the API is waited for, in milliseconds. */
const patience = 10_000;

export class LeaderLoop {
  readonly #options: LeaderLoopOptions;
  readonly #ended = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: LeaderLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  /** Whether a round may go on: to be asked before every write. */
  get goesOn(): boolean {
    return !this.#ended.signal.aborted && this.#options.leading();
  }

  /** Throws as `KubeApi.json` does, also when this ends. */
  ask(path: string, write?: Write): Promise<JsonObject> {
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]);
    return this.#options.api.json({ path, ...(write && { write }), signal, idle: patience });
  }

  async #run(): Promise<void> {
    const { leading, round, forget, every } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      if (leading()) await round();
      else forget();
      await delay(every, undefined, { signal }).catch(() => {});
    }
  }
}

/** What went wrong, in words. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
