// replicas may for a while know different things. A proxy that comes with something that is not known here may come from a
// replica that knows more: nothing is taken back from it before this one has caught up.
import { type ResourceKind, resourceKinds, typeUrls } from '../envoy/types.ts';
import type { DiscoveryRequest } from './requests.ts';
import type { Snapshot, SnapshotProvider } from './snapshot.ts';

type Ask = NonNullable<SnapshotProvider['catchUp']>;

const kinds: ReadonlyMap<string, ResourceKind> = new Map(resourceKinds.map((kind) => [typeUrls[kind], kind]));

/** Whether the client says that it holds something that the snapshot does not have in that form. */
export function holdsUnknown(request: DiscoveryRequest, snapshot: Snapshot | null): boolean {
  const kind = kinds.get(request.typeUrl);
  if (request.nonce !== '' || kind === undefined) return false;
  // The version of a response in the state of the world says nothing of single resources.
  if (request.protocol === 'sotw') return request.version !== '';
  const table = snapshot?.[kind];
  return request.versions.entries().some(([name, version]) => table?.get(name)?.version !== version);
}

/** Of one server: those who come while it is asked what is newest share the next answer. */
export class CatchUp {
  readonly #ask: Ask;
  /** In milliseconds. */
  readonly #longest: number;
  #asking: Promise<void> | null = null;
  /** When the last asking began that is over. */
  #asked = Number.NEGATIVE_INFINITY;

  constructor(ask: Ask, longest: number) {
    this.#ask = ask;
    this.#longest = longest;
  }

  /** Resolves once all is known that there was at `time` (by `performance.now()`), or when that takes too long. */
  async since(time: number): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, this.#longest);
    await Promise.race([this.#coverTime(time), limit.promise]);
    clearTimeout(timer);
  }

  async #coverTime(time: number): Promise<void> {
    while (this.#asked < time) {
      this.#asking ??= this.#begin();
      await this.#asking;
    }
  }

  async #begin(): Promise<void> {
    const began = performance.now();
    await this.#ask(AbortSignal.timeout(this.#longest)).catch(() => {});
    this.#asked = began;
    this.#asking = null;
  }
}
