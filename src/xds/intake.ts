// The requests of one stream on their way from the transport: as fast as they may come, and in their order.
import { type RequestRate, requestMeter } from './request-rate.ts';
import type { DiscoveryRequest } from './requests.ts';
import type { AdsStream } from './transport/grpc-stream.ts';

export interface IntakeOptions {
  readonly call: Pick<AdsStream, 'pause' | 'resume'>;
  readonly rate: RequestRate;
  /** What has to be over, which never rejects, before this request and all after it are passed on; asked until it is something. */
  readonly before: (request: DiscoveryRequest) => Promise<void> | null;
  readonly pass: (request: DiscoveryRequest) => void;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #meter: ReturnType<typeof requestMeter>;
  #pause: NodeJS.Timeout | undefined;
  /** What waits; null: nothing has to. */
  #held: DiscoveryRequest[] | null = null;
  #hasWaited = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#meter = requestMeter(options.rate);
  }

  /** Counts a request of so many bytes. Who asks too often is read later, and never closed for it. Whether that is so now. */
  throttles(length: number): boolean {
    const wait = this.#meter(length, performance.now());
    if (wait === 0 || this.#pause !== undefined) return false;
    this.#options.call.pause();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#held === null) this.#options.call.resume();
    }, wait);
    return true;
  }

  take(request: DiscoveryRequest): void {
    const before = this.#hasWaited ? null : this.#options.before(request);
    if (before !== null) this.#hold(before);
    if (this.#held === null) this.#options.pass(request);
    else this.#held.push(request);
  }

  #hold(over: Promise<void>): void {
    this.#hasWaited = true;
    this.#held = [];
    this.#options.call.pause();
    void over.then(() => {
      const held = this.#held ?? [];
      this.#held = null;
      if (this.#pause === undefined) this.#options.call.resume();
      for (const request of held) this.#options.pass(request);
    });
  }

  close(): void {
    clearTimeout(this.#pause);
  }
}
