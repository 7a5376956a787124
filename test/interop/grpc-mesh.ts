// The control plane, servers and a gRPC client that nobody here wrote, in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { ControlPlane } from '../../src/control-plane.ts';
import { poll } from '../../src/inject/poll.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { objectId } from '../../src/model/object.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import { startXdsServer, type XdsServer } from '../../src/xds/server.ts';
import type { XdsEvent } from '../../src/xds/xds-event.ts';
import { type Greeters, startGreeters } from './greeters.ts';

const root = join(import.meta.dirname, '../..');

/** How each client is started. */
export const clients = {
  '@grpc/grpc-js-xds': [process.execPath, join(import.meta.dirname, 'clients/grpc-js.ts')],
  "Python's grpcio": [join(root, 'build/interop/bin/python'), join(import.meta.dirname, 'clients/grpc_python.py')],
} as const;
export type ClientName = keyof typeof clients;

/** As gRPC's documentation has it, with the metadata that Sluice asks for. */
function bootstrap({ port }: XdsServer): string {
  return JSON.stringify({
    xds_servers: [
      { server_uri: `127.0.0.1:${port}`, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] },
    ],
    node: { id: 'greeting', locality: {}, metadata: { GENERATOR: 'grpc', NAMESPACE: 'default' } },
  });
}

interface Calls {
  readonly key?: string;
  readonly target?: string;
}

interface Parts {
  readonly source: MemorySource;
  readonly controlPlane: ControlPlane;
  /** The server that runs now. */
  xds: XdsServer;
  readonly events: XdsEvent[];
  readonly greeters: Greeters;
  readonly client: ChildProcess;
}

function startServer(provider: ControlPlane, events: XdsEvent[], port: number): Promise<XdsServer> {
  return startXdsServer({ provider, port, onEvent: (event) => events.push(event) });
}

export class GrpcMesh {
  readonly #parts: Parts;
  readonly #answers: AsyncIterator<string>;
  readonly #failures: string[] = [];

  private constructor(parts: Parts) {
    const { stdout } = parts.client;
    if (stdout === null) throw new Error('the client has no output');
    this.#parts = parts;
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** Starts all of it on these objects, with a server on each address. */
  static async start(name: ClientName, addresses: readonly string[], objects: readonly string[]): Promise<GrpcMesh> {
    const [program, ...args] = clients[name];
    if (!existsSync(program)) throw new Error(`there is no ${program}: 'make test' installs it`);
    const source = new MemorySource();
    source.apply(objects.join('---\n'));
    const controlPlane = new ControlPlane({ sources: [source], allowLoopbackEndpoints: true });
    await controlPlane.start();
    const events: XdsEvent[] = [];
    const xds = await startServer(controlPlane, events, 0);
    const greeters = await startGreeters(addresses);
    // Nothing of this machine's proxies: gRPC would call through them.
    const env = { GRPC_XDS_BOOTSTRAP_CONFIG: bootstrap(xds), GRPC_VERBOSITY: 'NONE' };
    const client = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    await once(client, 'spawn');
    return new GrpcMesh({ source, controlPlane, xds, events, greeters, client });
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#parts.controlPlane.diagnostics;
  }

  /** Resolves when it is published; the client hears of it later. */
  apply(objects: string): Promise<void> {
    return this.#publication(() => this.#parts.source.apply(objects));
  }

  /** Takes the service away; resolves when that is published. */
  withdraw(): Promise<void> {
    const service = objectId({ group: '', kind: 'Service', namespace: 'default', name: 'greeter' });
    return this.#publication(() => this.#parts.source.delete(service));
  }

  /** Ends the server, which clients are told, and starts another one in its place. */
  async restartServer(): Promise<void> {
    const { xds, controlPlane, events } = this.#parts;
    await xds.close();
    this.#parts.xds = await startServer(controlPlane, events, xds.port);
  }

  #publication(change: () => void): Promise<void> {
    return new Promise((resolve) => {
      const done = this.#parts.controlPlane.onPublish(() => {
        done();
        resolve();
      });
      change();
    });
  }

  /** Calls one after the other: who answered, or that it failed, in their order. */
  async tryCalls(count: number, { key, target = 'xds:///greeter.default.svc.cluster.local:8080' }: Calls = {}) {
    this.#parts.client.stdin?.write(`${JSON.stringify({ target, count, key: key ?? null })}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('the client has ended');
    return JSON.parse(String(value)) as readonly string[];
  }

  /** Calls of which none may fail. */
  async call(count: number, calls: Calls = {}): Promise<readonly string[]> {
    const answers = await this.tryCalls(count, calls);
    this.#failures.push(...answers.filter((answer) => answer.startsWith('failed')));
    return answers;
  }

  /** Looks until it is as it should be. */
  async until(what: string, look: () => Promise<boolean>): Promise<void> {
    await poll(async () => (await look()) || undefined, { within: 20_000, every: 10, what });
  }

  /**
   * No call has failed, and nothing that was sent was refused; nor was a call tried twice, unless the service was away:
   * a client whose endpoints were none fails what it is asked until it has connected to those that are back.
   */
  check({ wasAway = false } = {}): void {
    const { events, greeters } = this.#parts;
    expect(this.#failures).toEqual([]);
    if (!wasAway) expect(greeters.retries()).toBe(0);
    const amiss = new Set(['refused', 'fault', 'unknownType']);
    expect(events.filter(({ kind }) => amiss.has(kind))).toEqual([]);
    const acknowledged = events.flatMap((event) => (event.kind === 'acknowledged' ? [event.type] : []));
    expect([...new Set(acknowledged)].sort()).toEqual(['cluster', 'endpoint', 'listener', 'route']);
  }

  async close(): Promise<void> {
    const { client, xds, controlPlane, greeters } = this.#parts;
    const ended = client.exitCode === null ? once(client, 'exit') : null;
    client.kill('SIGKILL');
    await ended;
    await xds.close();
    await controlPlane.close();
    greeters.close();
  }
}
