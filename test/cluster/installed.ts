// Sluice as `sluice install` has it, but for pods, which nobody makes here: the control plane is a process with the rights of
// its account, and webhooks are called where it listens.
import { parseAllDocuments } from 'yaml';
import { freePortOn } from '../../src/cli/demo/free-ports.ts';
import { accessObjects } from '../../src/cli/install/rbac.ts';
import { poll } from '../../src/inject/poll.ts';
import { type Serving, serve, sluice } from '../cli/sluice.ts';
import type { Cluster } from './cluster.ts';

const system = 'sluice-system';

interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
  };
}

function deploymentArgs(manifests: string): readonly string[] {
  const objects = parseAllDocuments(manifests).map((document) => document.toJS() as Deployment);
  const [container] = objects.find(({ kind }) => kind === 'Deployment')?.spec.template.spec.containers ?? [];
  return container?.args ?? [];
}

export class Installed {
  readonly cluster: Cluster;
  readonly #kubeconfig: string;
  readonly webhookPort: number;
  /** Of the Deployment's container. */
  readonly #args: readonly string[];

  private constructor(cluster: Cluster, kubeconfig: string, webhookPort: number, args: readonly string[]) {
    this.cluster = cluster;
    this.#kubeconfig = kubeconfig;
    this.webhookPort = webhookPort;
    this.#args = args;
  }

  static async into(cluster: Cluster): Promise<Installed> {
    const { stdout, stderr, status } = await sluice(['install', '--crds', '--set', 'image=example.com/sluice:1']);
    if (status !== 0) throw new Error(stderr);
    await cluster.apply(stdout);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
    const token = (await cluster.kubectl(['create', 'token', 'sluice', '-n', system])).trim();
    const port = await freePortOn(['127.0.0.1']);
    const installed = new Installed(
      cluster,
      await cluster.kubeconfig({ user: { token } }),
      port,
      deploymentArgs(stdout),
    );
    await installed.#moveWebhooks();
    return installed;
  }

  /** Nobody forwards Services here. */
  async #moveWebhooks(): Promise<void> {
    for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
      const text = await this.cluster.kubectl(['get', kind, 'sluice', '-o', 'json']);
      const found = JSON.parse(text) as { webhooks: { clientConfig: { service?: { path: string } } & object }[] };
      for (const webhook of found.webhooks) {
        const path = webhook.clientConfig.service?.path ?? '';
        Object.assign(webhook, { clientConfig: { url: `https://127.0.0.1:${this.webhookPort}${path}` } });
      }
      await this.cluster.kubectl(['replace', '-f', '-'], JSON.stringify(found));
    }
  }

  /** The rights of the account; those of an installation where nothing else is said. */
  async grant(...rules: Parameters<typeof accessObjects>): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: accessObjects(...rules) };
    await this.cluster.kubectl(['replace', '-f', '-'], JSON.stringify(list));
  }

  /** It ends with the test; rejects where it is not ready in time, in milliseconds. */
  start(within = 60_000, more: readonly string[] = []): Promise<Serving> {
    const [command, ...args] = this.#args;
    if (command !== 'serve') throw new Error(`the container runs ${command}`);
    // Of an option that is there twice the last one counts.
    const words = [
      ...[...args, '--kubeconfig', this.#kubeconfig, '--server-name=sluice.test', '--server-name=127.0.0.1'],
      ...['--http-address=127.0.0.1:0', '--xds-tls-address=127.0.0.1:0'],
      ...[`--webhook-address=127.0.0.1:${this.webhookPort}`, ...more],
    ];
    return serve(words, {}, within);
  }

  /** What the API server is told to believe of the webhooks, decoded; empty: nothing yet. */
  async bundle(kind: 'mutating' | 'validating'): Promise<string> {
    const get = ['get', `${kind}webhookconfiguration`, 'sluice', '-o', 'jsonpath={.webhooks[0].clientConfig.caBundle}'];
    return Buffer.from(await this.cluster.kubectl(get), 'base64').toString();
  }

  async believed(within = 20_000): Promise<void> {
    const look = async () =>
      ((await this.bundle('mutating')) !== '' && (await this.bundle('validating')) !== '') || undefined;
    await poll(look, { within, every: 100, what: 'the API server to be told whom to believe' });
  }
}
