// Whom an API server believes when it calls our webhooks: the roots of the CA, old and new while one follows the other.
import { ApiError, type KubeApi } from '../kube/api.ts';
import { objectPath } from '../kube/paths.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import { LeaderLoop, reasonOf } from './leader-loop.ts';

export interface WebhookBundlesOptions {
  readonly api: KubeApi;
  readonly leading: () => boolean;
  /** Of the configurations of both kinds. */
  readonly name: string;
  /** PEM. */
  readonly roots: () => string;
  readonly onError?: (kind: string, reason: string) => void;
  /** In milliseconds. */
  readonly every?: number;
}

const apiVersion = 'admissionregistration.k8s.io/v1';
const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;

export class WebhookBundles extends LeaderLoop {
  readonly #options: WebhookBundlesOptions;

  constructor(options: WebhookBundlesOptions) {
    const { api, leading, every = 5_000 } = options;
    super({ api, leading, every, round: () => this.#round(), forget: () => {} });
    this.#options = options;
  }

  async #round(): Promise<void> {
    for (const kind of kinds) {
      try {
        if (this.goesOn) await this.#write(kind);
      } catch (error) {
        if (!this.goesOn) return;
        // Who has not installed it needs none; what has changed meanwhile is looked at again.
        if (error instanceof ApiError && (error.status === 404 || error.status === 409)) continue;
        this.#options.onError?.(kind, reasonOf(error));
      }
    }
  }

  async #write(kind: string): Promise<void> {
    const path = objectPath({ kind, namespace: '', name: this.#options.name }, apiVersion);
    const current = await this.ask(path);
    const caBundle = Buffer.from(this.#options.roots()).toString('base64');
    const webhooks = Array.isArray(current['webhooks']) ? current['webhooks'].filter(isObject) : [];
    const believes = (webhook: JsonObject): boolean => clientOf(webhook)['caBundle'] === caBundle;
    if (webhooks.every(believes) || !this.goesOn) return;
    const told = webhooks.map((each) => ({ ...each, clientConfig: { ...clientOf(each), caBundle } }));
    await this.ask(path, { method: 'PUT', body: { ...current, webhooks: told } });
  }
}

const clientOf = ({ clientConfig }: JsonObject): JsonObject => (isObject(clientConfig) ? clientConfig : {});
