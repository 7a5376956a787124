// The roots that workloads are to believe, as a ConfigMap in every namespace: whoever asks for a first certificate has to know
// that it speaks to the control plane. By the name that Istio's has, so that pods of either find it.
import { ApiError, type KubeApi } from '../kube/api.ts';
import { objectPath } from '../kube/paths.ts';
import { LeaderLoop, reasonOf } from './leader-loop.ts';

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

export class RootConfigMaps {
  readonly #options: RootConfigMapsOptions;
  /** What was written into each namespace, and when. */
  readonly #written = new Map<string, { readonly roots: string; readonly at: number }>();
  readonly #loop: LeaderLoop;

  constructor(options: RootConfigMapsOptions) {
    this.#options = options;
    const { api, leading, timers: { every } = defaultTimers } = options;
    const round = () => this.#round();
    this.#loop = new LeaderLoop({ api, leading, every, round, forget: () => this.#written.clear() });
  }

  start(): void {
    this.#loop.start();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #round(): Promise<void> {
    const { roots: current, namespaces, onError, timers = defaultTimers } = this.#options;
    const [roots, all] = [current(), namespaces()];
    for (const namespace of this.#written.keys()) if (!all.includes(namespace)) this.#written.delete(namespace);
    for (const namespace of all) {
      const last = this.#written.get(namespace);
      if (last?.roots === roots && performance.now() - last.at < timers.again) continue;
      if (!this.#loop.goesOn) return;
      try {
        await this.#write(namespace, roots);
        this.#written.set(namespace, { roots, at: performance.now() });
      } catch (error) {
        if (!this.#loop.goesOn) return;
        // A namespace that is going away takes nothing new.
        if (error instanceof ApiError && (error.status === 404 || error.status === 403)) {
          this.#written.set(namespace, { roots, at: performance.now() });
        }
        onError?.(namespace, reasonOf(error));
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
    const type = 'application/apply-patch+yaml';
    await this.#loop.ask(`${path}?fieldManager=sluice&force=true`, { method: 'PATCH', type, body });
  }
}
