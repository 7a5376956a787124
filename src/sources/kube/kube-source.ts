// A Kubernetes API as a source: every wanted kind is listed and watched, also one that comes or goes later.

import type { KubeApi } from '../../kube/api.ts';
import type { ObjectId } from '../../model/object.ts';
import type { Change, Source, SourceReport } from '../source.ts';
import { discover } from './discovery.ts';
import { newestVersion } from './newest.ts';
import { Progress } from './progress.ts';
import { type ReflectorEvent, reflect } from './reflector.ts';
import { type Resource, resourceName, type WantedKind } from './resource.ts';
import { KubeStore } from './store.ts';
import { defaultTimers, delayAfter, type KubeTimers, pause } from './timers.ts';

export type KubeEvent =
  | (ReflectorEvent & { readonly resource: string })
  /** The API has got, or has no longer, a kind. */
  | { readonly kind: 'found' | 'gone'; readonly resource: string }
  /** Which kinds there are could not be found out. */
  | { readonly kind: 'undiscovered'; readonly reason: string; readonly again: number };

export interface KubeSourceOptions {
  readonly api: KubeApi;
  readonly wanted: readonly WantedKind[];
  readonly onEvent?: (event: KubeEvent) => void;
  readonly timers?: Partial<KubeTimers>;
}

interface Watching {
  readonly resource: Resource;
  readonly stop: AbortController;
  readonly progress: Progress;
  /** Whether its objects are known. */
  listed: boolean;
}

/** Never rejects: an API that cannot be reached is waited for. What is not known to be gone stays. */
export class KubeSource implements Source {
  readonly #options: KubeSourceOptions;
  readonly #timers: KubeTimers;
  readonly #ended = new AbortController();
  readonly #watching = new Map<string, Watching>();
  /** They outlive a kind's version. */
  readonly #stores = new Map<string, KubeStore>();
  readonly #running = new Set<Promise<void>>();
  readonly #started = Promise.withResolvers<void>();
  #onReport: (report: SourceReport) => void = () => {};
  /** Until everything is listed once; null after that. */
  #first: Change[] | null = [];
  #discovered = false;

  constructor(options: KubeSourceOptions) {
    this.#options = options;
    this.#timers = { ...defaultTimers, ...options.timers };
  }

  async start(onReport: (report: SourceReport) => void): Promise<void> {
    this.#onReport = onReport;
    this.#run(this.#discover());
    return this.#started.promise;
  }

  /** A watch that is behind what the API has now is begun anew. */
  async catchUp(signal: AbortSignal): Promise<void> {
    const { api } = this.#options;
    const catchUp = async ({ resource, progress }: Watching): Promise<void> => {
      const version = await newestVersion(api, resource, this.#timers, signal);
      if (version !== null) await progress.until(version, signal);
    };
    await Promise.all(this.#watching.values().map(catchUp));
  }

  async close(): Promise<void> {
    this.#onReport = () => {};
    this.#ended.abort();
    for (const { stop } of this.#watching.values()) stop.abort();
    await Promise.all(this.#running);
  }

  #run(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  #tell(event: KubeEvent): void {
    this.#options.onEvent?.(event);
  }

  async #discover(): Promise<void> {
    const { api, wanted } = this.#options;
    const { signal } = this.#ended;
    let failures = 0;
    while (!signal.aborted) {
      try {
        this.#follow(await discover({ api, wanted, timers: this.#timers, signal }));
        this.#discovered = true;
        this.#beginIfListed();
        failures = 0;
        await pause(this.#timers.discovery, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const again = delayAfter(failures, this.#timers, null);
        this.#tell({ kind: 'undiscovered', reason: error instanceof Error ? error.message : String(error), again });
        await pause(again, signal);
      }
    }
  }

  /** A kind that is no longer found ends by itself, when its list says so: discovery may be late. */
  #follow(found: readonly Resource[]): void {
    for (const resource of found) {
      const name = resourceName(resource);
      const known = this.#watching.get(name);
      if (known !== undefined && known.resource.version === resource.version) continue;
      known?.stop.abort();
      this.#watch(name, resource);
    }
  }

  #watch(name: string, resource: Resource): void {
    const { api } = this.#options;
    const [stop, progress] = [new AbortController(), new Progress()];
    const watching: Watching = { resource, stop, progress, listed: false };
    this.#watching.set(name, watching);
    if (this.#discovered) this.#tell({ kind: 'found', resource: name });
    const { signal } = watching.stop;
    const store = this.#stores.get(name) ?? new KubeStore(resource.wanted);
    this.#stores.set(name, store);
    const work = reflect({
      ...{ api, resource, store, progress, timers: this.#timers, signal },
      onChanges: (changes) => {
        if (signal.aborted) return;
        watching.listed = true;
        this.#report(changes);
      },
      onEvent: (event) => this.#tell({ ...event, resource: name }),
    });
    this.#run(work.then(() => this.#gone(name, watching)));
  }

  #gone(name: string, watching: Watching): void {
    if (watching.stop.signal.aborted) return;
    this.#watching.delete(name);
    this.#tell({ kind: 'gone', resource: name });
    this.#beginIfListed();
  }

  #report(changes: readonly Change[]): void {
    if (this.#first !== null) {
      for (const change of changes) this.#first.push(change);
      this.#beginIfListed();
    } else if (changes.length > 0) this.#onReport({ changes, diagnostics: [] });
  }

  /** All that there is, in one report. */
  #beginIfListed(): void {
    if (this.#first === null || !this.#discovered) return;
    if (this.#watching.values().some(({ listed }) => !listed)) return;
    const changes = this.#first;
    this.#first = null;
    this.#onReport({ changes: latest(changes), diagnostics: [] });
    this.#started.resolve();
  }
}

/** The last change of each object; what came and went is none. */
function latest(changes: readonly Change[]): readonly Change[] {
  const last = new Map(changes.map((change) => [idOf(change), change] as const));
  return [...last.values()].filter(({ kind }) => kind === 'applied');
}

const idOf = (change: Change): ObjectId => (change.kind === 'applied' ? change.object.id : change.id);
