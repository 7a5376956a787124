// Light traffic that goes on while the configuration changes: it finds out whether a change loses requests.
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, plainCall } from './traffic.ts';

/** What became of the requests so far. */
export interface Losses {
  readonly requests: number;
  readonly failed: number;
  /** Why, the first few reasons. */
  readonly reasons: readonly string[];
}

/** Sends requests one after another until it is stopped. */
export class Background {
  readonly #client: Client;
  readonly #pause: number;
  readonly #reasons = new Set<string>();
  #requests = 0;
  #failed = 0;
  #stopping = false;
  readonly #done: Promise<void>;

  /** `pause` is the time between an answer and the next request, in milliseconds. */
  constructor(client: Client, pause: number) {
    this.#client = client;
    this.#pause = pause;
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const answer = await this.#client.call(plainCall);
      this.#requests += 1;
      if (answer.kind === 'failed') {
        this.#failed += 1;
        if (this.#reasons.size < 5) this.#reasons.add(answer.why);
      }
      if (this.#pause > 0) await delay(this.#pause);
    }
  }

  get losses(): Losses {
    return { requests: this.#requests, failed: this.#failed, reasons: [...this.#reasons] };
  }

  /** Ends after the request that is under way. */
  async stop(): Promise<Losses> {
    this.#stopping = true;
    await this.#done;
    return this.losses;
  }
}
