// A Kubernetes API as it is: etcd and kube-apiserver on free ports of loopback, with certificates, roles and tokens. There is no
// kubelet and no controller: nobody makes pods, nothing is collected, namespaces do not finish deleting.
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePortOn } from '../../src/cli/demo/free-ports.ts';
import { poll } from '../../src/inject/poll.ts';
import { issueServer, TestCa } from '../harness/certificates.ts';

const program = 'build/cluster/cluster';
const loopback = '127.0.0.1';
const tokenIssuer = 'https://kubernetes.default.svc.cluster.local';

interface Ports {
  readonly etcd: number;
  readonly peer: number;
  readonly api: number;
}

/** How the API is reached: by its own port, or by way of something that stands before it. */
export interface Way {
  readonly port?: number;
  readonly user?: 'admin' | { readonly token: string } | { readonly tokenFile: string };
}

export class Cluster {
  readonly folder: string;
  readonly ports: Ports;
  readonly #processes = new Map<'etcd' | 'kube-apiserver', ChildProcess>();

  private constructor(folder: string, ports: Ports) {
    this.folder = folder;
    this.ports = ports;
  }

  /** Resolves when the API is ready. */
  static async start(): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
    const [etcd, peer, api] = [
      await freePortOn([loopback]),
      await freePortOn([loopback]),
      await freePortOn([loopback]),
    ];
    const cluster = new Cluster(folder, { etcd, peer, api });
    try {
      await cluster.#writeCertificates();
      await cluster.startEtcd();
      await cluster.startApi();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async #writeCertificates(): Promise<void> {
    const ca = await TestCa.create('CN=Cluster CA');
    const server = await issueServer(ca);
    const admin = await ca.issue({ subject: 'CN=admin,O=system:masters', usages: ['client'] });
    const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const files: Readonly<Record<string, string>> = {
      'ca.crt': ca.cert,
      ...{ 'server.crt': server.cert, 'server.key': server.key, 'admin.crt': admin.cert, 'admin.key': admin.key },
      'accounts.key': String(accounts.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      'accounts.pub': String(accounts.publicKey.export({ type: 'spki', format: 'pem' })),
    };
    for (const [name, content] of Object.entries(files)) await writeFile(this.path(name), content, { mode: 0o600 });
  }

  /** Writes a kubeconfig; its path. */
  async kubeconfig({ port = this.ports.api, user = 'admin' }: Way = {}): Promise<string> {
    const own = user === 'admin';
    const credentials = own
      ? { 'client-certificate': this.path('admin.crt'), 'client-key': this.path('admin.key') }
      : 'token' in user
        ? user
        : { 'auth-provider': { name: 'tokenFile', config: user } };
    const server = { server: `https://${loopback}:${port}`, 'certificate-authority': this.path('ca.crt') };
    const config = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
      clusters: [{ name: 'test', cluster: server }],
      users: [{ name: 'test', user: credentials }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    };
    const path = this.path(`kubeconfig-${port}-${own ? 'admin' : 'token'}`);
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  }

  async startEtcd(): Promise<void> {
    const { etcd, peer } = this.ports;
    const [client, other] = [`http://${loopback}:${etcd}`, `http://${loopback}:${peer}`];
    this.#spawn('etcd', [
      ...[`--data-dir=${this.path('etcd')}`, '--log-level=error', '--unsafe-no-fsync'],
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${other}`, `--initial-advertise-peer-urls=${other}`],
      `--initial-cluster=default=${other}`,
    ]);
  }

  async startApi(): Promise<void> {
    const { etcd, api } = this.ports;
    this.#spawn('kube-apiserver', [
      ...[`--etcd-servers=http://${loopback}:${etcd}`, '--etcd-compaction-interval=0'],
      ...[`--bind-address=${loopback}`, `--secure-port=${api}`, `--advertise-address=${loopback}`],
      ...[`--tls-cert-file=${this.path('server.crt')}`, `--tls-private-key-file=${this.path('server.key')}`],
      ...[`--client-ca-file=${this.path('ca.crt')}`, `--cert-dir=${this.folder}`],
      ...['--authorization-mode=RBAC', '--disable-admission-plugins=ServiceAccount', '--endpoint-reconciler-type=none'],
      ...[`--service-account-issuer=${tokenIssuer}`, `--service-account-key-file=${this.path('accounts.pub')}`],
      ...[`--service-account-signing-key-file=${this.path('accounts.key')}`, '--service-cluster-ip-range=10.64.0.0/10'],
    ]);
    const look = async (): Promise<true | undefined> => {
      if (this.#processes.get('kube-apiserver')?.exitCode !== null) throw new Error(await this.log('kube-apiserver'));
      return this.kubectl(['get', '--raw', '/readyz']).then(
        () => true as const,
        () => undefined,
      );
    };
    await poll(look, { within: 90_000, every: 200, what: 'the API to be ready' });
  }

  #spawn(part: 'etcd' | 'kube-apiserver', args: readonly string[]): void {
    const log = openSync(this.path(`${part}.log`), 'a');
    this.#processes.set(part, spawn(program, [part, ...args], { stdio: ['ignore', log, log] }));
  }

  async log(part: string): Promise<string> {
    return (await readFile(this.path(`${part}.log`), 'utf8')).split('\n').slice(-20).join('\n');
  }

  signal(part: 'etcd' | 'kube-apiserver', signal: NodeJS.Signals): void {
    this.#processes.get(part)?.kill(signal);
  }

  async stop(part: 'etcd' | 'kube-apiserver'): Promise<void> {
    const child = this.#processes.get(part);
    this.#processes.delete(part);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Standard output of kubectl. Rejects with what it complains of. */
  async kubectl(args: readonly string[], input = ''): Promise<string> {
    const own = [`--kubeconfig=${await this.kubeconfig()}`, `--cache-dir=${this.path('kubectl')}`];
    const child = spawn(program, ['kubectl', ...own, ...args], { stdio: 'pipe' });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [out, said, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${said}`);
    return out;
  }

  async apply(yaml: string): Promise<void> {
    await this.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], yaml);
  }

  async delete(yaml: string): Promise<void> {
    await this.kubectl(['delete', '--wait=false', '--grace-period=0', '--force', '-f', '-'], yaml);
  }

  /** Has etcd forget everything but what there is now, as it does by itself every five minutes. */
  async compact(): Promise<void> {
    const ask = async (path: string, body: object): Promise<{ readonly header: { readonly revision: string } }> => {
      const response = await fetch(`http://${loopback}:${this.ports.etcd}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return (await response.json()) as { readonly header: { readonly revision: string } };
    };
    const { header } = await ask('/v3/kv/range', { key: 'AA==' });
    await ask('/v3/kv/compaction', { revision: header.revision, physical: true });
  }

  async close(): Promise<void> {
    await this.stop('kube-apiserver');
    await this.stop('etcd');
    await rm(this.folder, { recursive: true, force: true });
  }
}
