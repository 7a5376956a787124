// A running mesh for end-to-end tests: YAML in a folder, the control plane that watches it, a real Envoy, real backends.
import { mkdir, mkdtemp, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Backends } from '../../src/cli/demo/backends.ts';
import { LocalMesh } from '../../src/cli/demo/local-mesh.ts';
import { moveTakenPorts } from '../../src/cli/demo/move-ports.ts';
import { clientFor, type Target, targetName } from '../../src/cli/demo/targets.ts';
import { type Call, type Client, plainCall, send } from '../../src/cli/demo/traffic.ts';
import { WorkingCopy } from '../../src/cli/demo/working-copy.ts';
import type { SidecarNode } from '../../src/inject/bootstrap.ts';
import type { ActiveConfig, EnvoyAdmin } from '../../src/inject/envoy-admin.ts';
import { findEnvoy } from '../../src/inject/launcher.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { filesSource } from '../../src/sources/files.ts';

/** YAML by file name; null takes a file away. */
export type Files = Readonly<Record<string, string | null>>;

export interface MeshOptions {
  readonly protocol?: 'delta' | 'sotw';
  /** Whether Envoy tries again where a route says so. */
  readonly retries?: boolean;
  /** The path of another Envoy than usual. */
  readonly envoy?: string;
  /** The files with which Envoy calls others in the mesh. */
  readonly certificateFiles?: SidecarNode['certificateFiles'];
  /** Where Envoy is; with it, it weighs its zone against others. */
  readonly locality?: SidecarNode['locality'];
  /** With it Envoy is a gateway. */
  readonly gateway?: SidecarNode['gateway'];
}

export interface RequestOptions {
  /** How many are under way at a time; with one, the order of the answers is that of Envoy's choices. */
  readonly atOnce?: number;
  /** What to call; the first target where nothing is said. `service:port`. */
  readonly target?: string;
  /** The address that requests come from. */
  readonly from?: string;
}

/** A mesh of a test. Every request that fails is an error of the test. */
export class TestMesh {
  readonly #local: LocalMesh;
  readonly #workspace: string;

  private constructor(local: LocalMesh, workspace: string) {
    this.#local = local;
    this.#workspace = workspace;
  }

  /** Starts a mesh with these files, or with those of a folder; resolves when Envoy serves them. */
  static async start(
    files: Files | string,
    { protocol = 'delta', envoy, retries = false, certificateFiles, locality, gateway }: MeshOptions = {},
  ): Promise<TestMesh> {
    const workspace = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
    const folder = join(workspace, 'config');
    for (const name of ['drafts', 'envoy']) await mkdir(join(workspace, name));
    if (typeof files === 'string') await moveTakenPorts(await WorkingCopy.create(files, workspace));
    else await write(workspace, files);
    const local = await LocalMesh.start({
      sources: [filesSource({ paths: [folder] })],
      envoy: findEnvoy(envoy),
      folder: join(workspace, 'envoy'),
      protocol,
      preferredOffset: null,
      retries,
      certificateFiles,
      locality,
      gateway,
    });
    return new TestMesh(local, workspace);
  }

  get admin(): EnvoyAdmin {
    return this.#local.envoy.admin;
  }

  get backends(): Backends {
    return this.#local.backends;
  }

  get portOffset(): number {
    return this.#local.portOffset;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#local.controlPlane.diagnostics;
  }

  /** What Envoy has refused, in its own words. */
  get refusals(): readonly string[] {
    return this.#local.troubles;
  }

  get targets(): readonly Target[] {
    return this.#local.targets;
  }

  get config(): Promise<ActiveConfig> {
    return this.#local.settled();
  }

  target(name: string | undefined): Target {
    const found = this.targets.find((target) => name === undefined || targetName(target) === name);
    if (found === undefined) throw new Error(`there is no target ${name}`);
    return found;
  }

  client(name?: string, from?: string): Client {
    return clientFor(this.target(name), from);
  }

  /** Writes files; resolves with Envoy's configuration when they are published and in force. */
  apply(files: Files): Promise<ActiveConfig> {
    return this.#local.change(() => write(this.#workspace, files));
  }

  /** Writes files, and waits for nothing. */
  write(files: Files): Promise<void> {
    return write(this.#workspace, files);
  }

  /** Sends plain requests, or these calls, and gives who answered, in the order of the requests. */
  async requests(what: number | readonly Call[], options: RequestOptions = {}): Promise<readonly string[]> {
    const calls = typeof what === 'number' ? Array.from({ length: what }, () => plainCall) : what;
    const client = this.client(options.target, options.from);
    try {
      const answers = await send(client, calls, options.atOnce ?? 1);
      const failures = answers.flatMap((answer) => (answer.kind === 'failed' ? [answer.why] : []));
      expect(failures).toEqual([]);
      return answers.flatMap((answer) => (answer.kind === 'answered' ? [answer.by] : []));
    } finally {
      client.close();
    }
  }

  /** Envoy has refused nothing, waited for nothing in vain, and hidden no failure by trying again. */
  async check(): Promise<void> {
    expect(this.#local.troubles).toEqual([]);
    const stats = await this.admin.stats('update_rejected$|init_fetch_timeout$|upstream_rq_retry$');
    expect([...stats].filter(([, count]) => count > 0)).toEqual([]);
    expect(stats.size).toBeGreaterThan(0);
  }

  async close(): Promise<void> {
    await this.#local.close();
    await rm(this.#workspace, { recursive: true, force: true });
  }
}

/** Each file appears whole, by a rename. */
async function write(workspace: string, files: Files): Promise<void> {
  await mkdir(join(workspace, 'config'), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const file = join(workspace, 'config', name);
    if (text === null) {
      await unlink(file);
      continue;
    }
    const draft = join(workspace, 'drafts', name);
    await writeFile(draft, text);
    await rename(draft, file);
  }
}

/** The folders of examples/. */
export const examplesFolder = join(import.meta.dirname, '../../examples');

export async function exampleNames(): Promise<readonly string[]> {
  const entries = await readdir(examplesFolder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** How often each answered. */
export function counts(order: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(order, (who) => who)].map(([who, answers]) => [who, answers.length]));
}
