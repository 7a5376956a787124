// A mesh of captured sidecars: one client pod and some server pods, each with an Envoy of its own.
import { execFile } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { notInForce } from '../../src/cli/demo/in-force.ts';
import { ControlPlane } from '../../src/control-plane.ts';
import { bootstrap, type SidecarNode } from '../../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import { startXdsServer, type XdsServer } from '../../src/xds/server.ts';
import { TestCa, workload } from './certificates.ts';
import { adminPort, hostAddress, type Pod, PodNetwork, proxyUser } from './network.ts';
import { startPodServer } from './pod-program.ts';

const execute = promisify(execFile);
const inNode = (program: URL): readonly string[] => [process.execPath, fileURLToPath(program)];
const clientProgram = inNode(new URL('./pod-client.ts', import.meta.url));

export interface CapturedMeshOptions {
  readonly servers: readonly string[];
  /** Pods whose Envoys have certificates of the mesh, for service accounts of their names. */
  readonly certified?: readonly string[];
}

export class CapturedMesh {
  readonly #envoys = new Map<string, EnvoyProcess>();
  readonly #closers: (() => unknown)[] = [];
  readonly #client: Pod;
  readonly #network: PodNetwork;
  readonly #source = new MemorySource();
  #upToDate: () => Promise<void> = async () => {};

  private constructor() {
    this.#network = new PodNetwork();
    this.#closers.push(() => this.#network.close());
    this.#client = this.#network.pod('client', 10);
  }

  /** Starts the control plane on these objects, the pods and their Envoys; resolves when all Envoys are up to date. */
  static async start(objects: string, options: CapturedMeshOptions): Promise<CapturedMesh> {
    const mesh = new CapturedMesh();
    try {
      await mesh.#start(objects, options);
      return mesh;
    } catch (error) {
      await mesh.close();
      throw error;
    }
  }

  async #start(objects: string, { servers, certified = [] }: CapturedMeshOptions): Promise<void> {
    this.#source.apply(objects);
    const controlPlane = new ControlPlane({ sources: [this.#source], allowLoopbackEndpoints: false });
    this.#closers.push(() => controlPlane.close());
    await controlPlane.start();
    expect(controlPlane.diagnostics).toEqual([]);
    const xds = await startXdsServer({ provider: controlPlane, host: hostAddress, port: 0 });
    this.#closers.push(() => xds.close());
    const workspace = await this.#workspace();
    const ca = await TestCa.create();
    const startEnvoy = (pod: Pod) => this.#startEnvoy(pod, xds, workspace, certified.includes(pod.name) ? ca : null);
    await startEnvoy(this.#client);
    for (const [index, name] of servers.entries()) {
      const pod = this.#network.pod(name, 21 + index);
      this.#closers.push((await startPodServer(pod, name)).end);
      await startEnvoy(pod);
    }
    this.#upToDate = () => this.#follow(controlPlane, xds);
    await this.#upToDate();
  }

  /** Adds objects, or puts them in the place of those of the same name; resolves when all Envoys are up to date. */
  async apply(objects: string): Promise<void> {
    this.#source.apply(objects);
    await this.#upToDate();
  }

  /** A folder that Envoy's user can reach, with the program in it: the checkout may be closed to that user. */
  async #workspace(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-capture-'));
    this.#closers.push(() => rm(folder, { recursive: true }));
    await chmod(folder, 0o755);
    await copyFile(findEnvoy(undefined), join(folder, 'envoy'));
    await chmod(join(folder, 'envoy'), 0o755);
    return folder;
  }

  /** Files of a certificate for a pod's service account, which Envoy's user can read. */
  async #certificateFiles(
    ca: TestCa,
    name: string,
    folder: string,
  ): Promise<NonNullable<SidecarNode['certificateFiles']>> {
    const { cert, key } = await ca.issue(workload('default', name));
    const files = { chain: join(folder, 'chain.pem'), key: join(folder, 'key.pem'), root: join(folder, 'root.pem') };
    const texts = [
      [files.chain, cert],
      [files.key, key],
      [files.root, ca.cert],
    ] as const;
    for (const [path, text] of texts) await writeFile(path, text, { mode: 0o644 });
    return files;
  }

  async #startEnvoy(
    { name, address, enter }: Pod,
    xds: XdsServer,
    workspace: string,
    ca: TestCa | null,
  ): Promise<void> {
    const folder = join(workspace, name);
    await mkdir(folder);
    await chown(folder, proxyUser, proxyUser);
    const certificateFiles = ca === null ? null : await this.#certificateFiles(ca, name, folder);
    const settings = { namespace: 'default', interception: 'REDIRECT', portOffset: 0 } as const;
    const node = { ip: address, name, ...settings, ...(certificateFiles !== null && { certificateFiles }) };
    const admin = { host: address, port: adminPort };
    const envoy = await EnvoyProcess.start({
      bootstrap: bootstrap({ node, xds, protocol: 'delta', admin, runtime: { 'upstream.use_retry': 0 } }),
      binary: join(workspace, 'envoy'),
      launchedBy: [...enter, 'setpriv', `--reuid=${proxyUser}`, `--regid=${proxyUser}`, '--clear-groups', '--'],
      concurrency: 1,
      logLevel: 'warning',
      folder,
    });
    this.#envoys.set(name, envoy);
    this.#closers.push(() => envoy.stop());
  }

  async #follow(controlPlane: ControlPlane, xds: XdsServer): Promise<void> {
    const look = async () => {
      const streams = xds.streams();
      const missing = await Promise.all(
        [...this.#envoys].map(async ([name, { admin }]) => {
          const stream = streams.find(({ node }) => node.name === name);
          const snapshot = stream && controlPlane.snapshotFor(stream.node);
          return (
            snapshot === undefined || !(await admin.ready()) || notInForce(snapshot, await admin.config()).length > 0
          );
        }),
      );
      return missing.some(Boolean) ? undefined : true;
    };
    await poll(look, { within: 20_000, every: 20, what: 'all Envoys to be up to date' });
  }

  /** Calls from the client's pod; each answer on a line. */
  async fromClient(
    kind: 'http' | 'http2' | 'websocket' | 'tcp' | 'hello' | 'tls',
    target: string,
    count: number,
  ): Promise<readonly string[]> {
    const [command = '', ...args] = [...this.#client.enter, ...clientProgram, kind, target, String(count)];
    const { stdout } = await execute(command, args);
    return stdout.trimEnd().split('\n');
  }

  /** One of the statistics of the Envoy in a pod; its name may go on with the `;` that ends a cluster's name. */
  async stat(pod: string, name: string): Promise<number | undefined> {
    const found = await this.#envoys.get(pod)?.admin.stats(name.replaceAll('.', '[.;]+'));
    return found?.get(name) ?? found?.get(name.replace(/\.(?=[^.]*$)/, ';.'));
  }

  /** No Envoy has refused anything, waited in vain, or tried again. */
  async check(): Promise<void> {
    for (const { admin } of this.#envoys.values()) {
      const stats = await admin.stats('update_rejected$|init_fetch_timeout$|upstream_rq_retry$');
      expect([...stats].filter(([, count]) => count > 0)).toEqual([]);
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}
