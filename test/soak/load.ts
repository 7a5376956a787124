// Requests at a constant rate, through every Envoy to every service that is called. Each answer is judged.
import { setTimeout as delay } from 'node:timers/promises';
import { boundPort } from '../../src/cli/demo/targets.ts';
import { type Answer, type Call, HttpClient } from '../../src/cli/demo/traffic.ts';

export interface LoadOptions {
  /** Requests a second, all together. */
  readonly rate: number;
  readonly services: readonly string[];
  /** The offsets by which Envoys are told apart. */
  readonly portOffsets: readonly number[];
  /** Whether this backend may answer for the service now. */
  readonly expected: (service: string, backend: string) => boolean;
}

/** For each Envoy and service so many requests may be under way at a time. */
const lanes = 2;
/** So many reasons are kept. */
const mostReasons = 20;

export class SoakLoad {
  requests = 0;
  failed = 0;
  readonly reasons: string[] = [];
  readonly #options: LoadOptions;
  readonly #running: Promise<void>[] = [];
  readonly #clients: HttpClient[] = [];
  #stopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { services, portOffsets, rate } = options;
    const gap = (1000 * lanes * services.length * portOffsets.length) / rate;
    for (const offset of portOffsets) {
      for (const service of services) {
        const client = new HttpClient({ address: '127.0.0.1', port: boundPort(80, offset), host: service });
        this.#clients.push(client);
        for (let lane = 0; lane < lanes; lane += 1) this.#running.push(this.#run(client, service, gap));
      }
    }
  }

  /** Ends after the requests that are under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
    for (const client of this.#clients) client.close();
  }

  async #run(client: HttpClient, service: string, gap: number): Promise<void> {
    let next = performance.now() + Math.random() * gap;
    for (let count = 0; !this.#stopping; count += 1) {
      const early = next - performance.now();
      if (early > 1) await delay(early);
      // What was missed is made up for, but not all at once.
      next = Math.max(next + gap, performance.now() - 1000);
      this.#judge(service, await client.call(call(count % 100)));
    }
  }

  #judge(service: string, answer: Answer): void {
    this.requests += 1;
    if (answer.kind === 'answered' && this.#options.expected(service, answer.by)) return;
    this.failed += 1;
    const why = answer.kind === 'answered' ? `answered by ${answer.by}, which it does not have` : answer.why;
    if (this.reasons.length < mostReasons) this.reasons.push(`${new Date().toISOString()} ${service}: ${why}`);
  }
}

/** A request of one of many users: what hashes may look at differs. */
function call(user: number): Call {
  return { path: `/?user=${user}`, headers: { 'x-user': `${user}`, cookie: `user=${user}` } };
}
