// Everything on one machine: the control plane, its xDS server, a real Envoy, and servers for the loopback endpoints.
import { ControlPlane } from '../../control-plane.ts';
import { type BootstrapOptions, bootstrap, type SidecarNode } from '../../inject/bootstrap.ts';
import type { ActiveConfig } from '../../inject/envoy-admin.ts';
import { EnvoyProcess } from '../../inject/launcher.ts';
import { poll } from '../../inject/poll.ts';
import type { ProxyNode } from '../../model/proxy.ts';
import type { Source } from '../../sources/source.ts';
import { Translator } from '../../translate/translator.ts';
import { startXdsServer, type XdsServer } from '../../xds/server.ts';
import type { SnapshotFeed, SnapshotProvider } from '../../xds/snapshot.ts';
import { Backends } from './backends.ts';
import { freePortOffset } from './free-ports.ts';
import { notInForce } from './in-force.ts';
import { listenAddress, type Target, targets } from './targets.ts';

export interface LocalMeshOptions {
  readonly sources: readonly Source[];
  /** Path of the Envoy program. */
  readonly envoy: string;
  /** An existing, empty folder for Envoy's files. */
  readonly folder: string;
  readonly protocol: BootstrapOptions['protocol'];
  /** Tried first; any other free one is taken where it does not suit. Null: any. */
  readonly preferredOffset: number | null;
  /** Whether Envoy tries again what a route lets it try again; without it, it never does. */
  readonly retries?: boolean;
  /** The files with which Envoy calls others in the mesh. */
  readonly certificateFiles?: SidecarNode['certificateFiles'] | undefined;
  /** With it Envoy is no sidecar but a gateway. */
  readonly gateway?: SidecarNode['gateway'] | undefined;
  /** Where Envoy is; with it, it weighs its zone against others. */
  readonly locality?: SidecarNode['locality'] | undefined;
}

const local = { allowLoopbackEndpoints: true };
/** How long a change may take to be in force, in milliseconds. */
const patience = 20_000;

/** So many are kept. */
const mostTroubles = 100;

interface Parts {
  readonly controlPlane: ControlPlane;
  readonly translator: Translator;
  readonly backends: Backends;
  readonly connection: Connection;
  readonly xds: XdsServer;
  readonly envoy: EnvoyProcess;
  readonly portOffset: number;
}

/** A running mesh with one sidecar. Retries are off unless wanted, and Envoy has one worker, so that turns can be counted. */
export class LocalMesh {
  readonly controlPlane: ControlPlane;
  readonly backends: Backends;
  readonly xds: XdsServer;
  readonly envoy: EnvoyProcess;
  readonly portOffset: number;
  readonly #translator: Translator;
  readonly #connection: Connection;
  readonly #endFollowing: () => void;

  private constructor(parts: Parts) {
    this.controlPlane = parts.controlPlane;
    this.backends = parts.backends;
    this.xds = parts.xds;
    this.envoy = parts.envoy;
    this.portOffset = parts.portOffset;
    this.#translator = parts.translator;
    this.#connection = parts.connection;
    // A fault here shows as failed requests.
    this.#endFollowing = this.controlPlane.onPublish(() => void serveAll(this.backends, this.targets).catch(() => {}));
  }

  /** Starts all of it; resolves when Envoy serves what the sources hold. Throws CannotStart where this machine lacks something. */
  static async start(options: LocalMeshOptions): Promise<LocalMesh> {
    const closers: (() => Promise<unknown>)[] = [];
    try {
      const mesh = new LocalMesh(await startParts(options, closers));
      await mesh.settled();
      return mesh;
    } catch (error) {
      for (const close of closers.reverse()) await close();
      throw error;
    }
  }

  /** What can be called now. */
  get targets(): readonly Target[] {
    return targetsOf(this.controlPlane, this.#translator, this.portOffset);
  }

  /** What Envoy has refused so far, in its own words, and faults of the control plane. */
  get troubles(): readonly string[] {
    return this.#connection.troubles;
  }

  /** Resolves with Envoy's configuration once all that is published is in force and `holds` is content with it. */
  async settled(holds: (config: ActiveConfig) => boolean = () => true): Promise<ActiveConfig> {
    let missing: readonly string[] = ['its first connection'];
    const look = async () => {
      const { node } = this.#connection;
      const snapshot = node && this.controlPlane.snapshotFor(node);
      if (snapshot === undefined || !(await this.envoy.admin.ready())) return undefined;
      const config = await this.envoy.admin.config();
      missing = notInForce(snapshot, config);
      return missing.length === 0 && holds(config) ? config : undefined;
    };
    try {
      return await poll(look, { within: patience, every: 10, what: 'Envoy to have the configuration' });
    } catch (error) {
      throw new Error([String(error), ...missing, ...this.troubles, await this.envoy.lastWords()].join('\n'));
    }
  }

  /** Runs what changes the sources' input, and resolves when it is published and in force. */
  async change(edit: () => Promise<unknown>, holds?: (config: ActiveConfig) => boolean): Promise<ActiveConfig> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const unnoticed = () => reject(new Error(`the change was not noticed within ${patience} ms`));
    const deadline = setTimeout(unnoticed, patience);
    const end = this.controlPlane.onPublish(() => resolve());
    try {
      await Promise.all([promise, edit()]);
    } finally {
      clearTimeout(deadline);
      end();
    }
    return this.settled(holds);
  }

  async close(): Promise<void> {
    this.#endFollowing();
    await this.envoy.stop();
    await this.xds.close();
    await this.controlPlane.close();
    await this.backends.close();
  }
}

/** Who Envoy is to the control plane, and what went wrong between the two. */
class Connection implements SnapshotProvider {
  readonly #controlPlane: ControlPlane;
  readonly troubles: string[];
  node: ProxyNode | undefined;

  constructor(controlPlane: ControlPlane, troubles: string[]) {
    this.#controlPlane = controlPlane;
    this.troubles = troubles;
  }

  follow(...[node, onSnapshot]: Parameters<SnapshotProvider['follow']>): SnapshotFeed {
    this.node = node;
    const feed = this.#controlPlane.follow(node, onSnapshot);
    const refused: SnapshotFeed['refused'] = (report) => {
      if (this.troubles.length < mostTroubles) this.troubles.push(`Envoy refused a ${report.kind}: ${report.message}`);
      feed.refused(report);
    };
    return { ...feed, refused };
  }
}

async function startParts(options: LocalMeshOptions, closers: (() => Promise<unknown>)[]): Promise<Parts> {
  const { certificateFiles, locality, gateway } = options;
  const troubles: string[] = [];
  const onFault = (error: unknown) => {
    if (troubles.length < mostTroubles) troubles.push(`a fault of Sluice: ${error}`);
  };
  const controlPlane = new ControlPlane({ ...local, sources: options.sources, onFault });
  closers.push(() => controlPlane.close());
  await controlPlane.start();
  const backends = new Backends();
  closers.push(() => backends.close());
  const translator = new Translator(local);
  const called = targetsOf(controlPlane, translator, 0);
  const ports = [...new Set(called.map(({ port }) => port.number))];
  const portOffset = await freePortOffset(ports, options.preferredOffset);
  await serveAll(backends, called);
  const connection = new Connection(controlPlane, troubles);
  const xds = await startXdsServer({ provider: connection, host: listenAddress, port: 0 });
  closers.push(() => xds.close());
  const envoy = await EnvoyProcess.start({
    bootstrap: bootstrap({
      node: {
        ...sidecar,
        portOffset,
        ...(certificateFiles !== undefined && { certificateFiles }),
        ...(locality !== undefined && { locality }),
        ...(gateway !== undefined && { gateway, name: 'edge' }),
      },
      xds,
      protocol: options.protocol,
      admin: { host: listenAddress, port: 0 },
      runtime: options.retries === true ? {} : { 'upstream.use_retry': 0 },
    }),
    binary: options.envoy,
    launchedBy: [],
    concurrency: 1,
    logLevel: 'warning',
    folder: options.folder,
  });
  closers.push(() => envoy.stop());
  return { controlPlane, translator, backends, connection, xds, envoy, portOffset };
}

const sidecar: Omit<SidecarNode, 'portOffset'> = {
  ip: listenAddress,
  name: 'demo',
  namespace: 'default',
  interception: 'NONE',
};

function targetsOf({ objects }: ControlPlane, translator: Translator, portOffset: number): readonly Target[] {
  return targets(translator.resolve(objects).value, portOffset);
}

function serveAll(backends: Backends, called: readonly Target[]): Promise<void> {
  return backends.ensure(called.flatMap((target) => target.backends));
}
