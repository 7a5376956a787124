// The nonces of one stream. Its reducer knows of an answer only whether it is to the last response of its type.
import { type ResourceKind, typeUrls } from '../envoy/types.ts';
import type { DiscoveryRequest } from './requests.ts';
import { lastNonce } from './shared-steps.ts';

/** Never the nonce of a response. */
const anotherNonce = '-';

export class Nonces {
  readonly #prefix: string;
  readonly #last = new Map<string, string>();
  #count = 0;

  /** `prefix`: different for every stream of a process. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The nonce of the next response, which is of this type. */
  next(typeUrl: string): string {
    this.#count += 1;
    const nonce = `${this.#prefix}${this.#count}`;
    this.#last.set(typeUrl, nonce);
    return nonce;
  }

  /** Of the last response of a kind, or null. */
  last(kind: ResourceKind): string | null {
    return this.#last.get(typeUrls[kind]) ?? null;
  }

  /** The request as the reducer takes it. */
  related(request: DiscoveryRequest): DiscoveryRequest {
    const { nonce, typeUrl } = request;
    if (nonce === '') return request;
    return { ...request, nonce: nonce === this.#last.get(typeUrl) ? lastNonce : anotherNonce };
  }
}
