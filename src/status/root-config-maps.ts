// The roots that workloads are to believe, as a ConfigMap in every namespace: whoever asks for a first certificate has to know
// that it speaks to the control plane. By the name that Istio's has, so that pods of either find it.
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type KubeApi } from '../kube/api.ts';
import { objectPath } from '../kube/paths.ts';

const rootConfigMap = 'istio-ca-root-cert';

export interface RootConfigMapsOptions {
  readonly api: KubeApi;
  readonly leading: () => boolean;
  /** PEM. */
  readonly roots: () => string;
  readonly namespaces: () => readonly string[];
  readonly onError?: (namespace: string, reason: string) => void;
  /** In milliseconds: between two looks, and until what somebody else has changed is put right. */
  readonly timers?: { readonly every: number; readonly again: number };
}

const defaultTimers = { every: 1_000, again: 600_000 };
const patience = 10_000;

export class RootConfigMaps {
  readonly #options: RootConfigMapsOptions;
  readonly #ended = new AbortController();
  /** What was written into each namespace, and when. */
  readonly #written = new Map<string, { readonly roots: string; readonly at: number }>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RootConfigMapsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    const { every } = this.#options.timers ?? defaultTimers;
    while (!signal.aborted) {
      if (this.#options.leading()) await this.#round();
      else this.#written.clear();
      await delay(every, undefined, { signal }).catch(() => {});
    }
  }

  async #round(): Promise<void> {
    const { leading, roots: current, namespaces, onError, timers = defaultTimers } = this.#options;
    const [roots, all] = [current(), namespaces()];
    for (const namespace of this.#written.keys()) if (!all.includes(namespace)) this.#written.delete(namespace);
    for (const namespace of all) {
      const last = this.#written.get(namespace);
      if (last?.roots === roots && performance.now() - last.at < timers.again) continue;
      if (this.#ended.signal.aborted || !leading()) return;
      try {
        await this.#write(namespace, roots);
        this.#written.set(namespace, { roots, at: performance.now() });
      } catch (error) {
        // A namespace that is going away takes nothing new.
        if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
          this.#written.set(namespace, { roots, at: performance.now() });
        }
        onError?.(namespace, error instanceof Error ? error.message : String(error));
      }
    }
  }

  async #write(namespace: string, roots: string): Promise<void> {
    const body = {
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      metadata: { name: rootConfigMap, namespace, labels: { 'app.kubernetes.io/managed-by': 'sluice' } },
      data: { 'root-cert.pem': roots },
    };
    const path = objectPath({ kind: 'ConfigMap', namespace, name: rootConfigMap }, 'v1');
    await this.#options.api.json({
      path: `${path}?fieldManager=sluice&force=true`,
      write: { method: 'PATCH', type: 'application/apply-patch+yaml', body },
      signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]),
      idle: patience,
    });
  }
}
