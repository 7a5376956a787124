// Clients of the services beside ADS, and a server with them. Messages are read with @grpc/proto-loader.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { onTestFinished } from 'vitest';
import { createServices, type Services, type ServicesOptions } from '../../../src/cli/serve/services.ts';
import type { WorkloadIdentity } from '../../../src/model/identity.ts';
import { startXdsServer, type XdsServer } from '../../../src/xds/server.ts';
import type { Snapshot, SnapshotFeed, SnapshotProvider } from '../../../src/xds/snapshot.ts';
import { AdsClient, type AdsClientOptions, metadata } from '../../harness/ads-client.ts';
import { snapshot, type Texts } from '../resources.ts';

export type Json = Readonly<Record<string, unknown>>;

const options = { keepCase: true, longs: Number, enums: String, arrays: true };
const packages = join(import.meta.dirname, '../../../node_modules');
const definitions: PackageDefinition = {
  ...loadFileDescriptorSetFromBuffer(readFileSync(join(import.meta.dirname, '../../../build/envoy.binpb')), options),
  ...loadSync(join(packages, 'grpc-health-check/proto/health/v1/health.proto'), options),
  ...loadSync(join(packages, '@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto'), options),
};

/** A client of the service of this full name; it ends with the test. */
function clientOf(name: string, port: number): Client & Record<string, (...args: readonly unknown[]) => unknown> {
  const definition = definitions[name];
  if (definition === undefined) throw new Error(`there is no service ${name}`);
  const { Service } = loadPackageDefinition({ Service: definition });
  const client = new (Service as unknown as typeof Client)(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client as ReturnType<typeof clientOf>;
}

/** Calls a method once; rejects with gRPC's error. */
export function call(port: number, service: string, method: string, request: Json): Promise<Json> {
  return new Promise((resolve, reject) => {
    clientOf(service, port)[method]?.(request, (error: ServiceError | null, answer: Json) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}

export interface Conversation {
  write(message: Json): void;
  /** The next message. */
  next(): Promise<Json>;
  /** How the stream ends. */
  readonly ended: Promise<StatusObject>;
  end(): void;
}

/** Opens a stream in both directions; one message at a time may be waited for. */
export function converse(port: number, service: string, method: string, first?: Json): Conversation {
  const stream = clientOf(service, port)[method]?.(...(first === undefined ? [] : [first])) as ClientDuplexStream<
    Json,
    Json
  >;
  const queue: Json[] = [];
  let waiting: ((message: Json) => void) | null = null;
  stream.on('data', (message: Json) => {
    if (waiting === null) queue.push(message);
    else waiting(message);
    waiting = null;
  });
  stream.on('error', () => {});
  return {
    write: (message) => stream.write(message),
    next: () =>
      new Promise((resolve) => {
        const queued = queue.shift();
        if (queued === undefined) waiting = resolve;
        else resolve(queued);
      }),
    ended: new Promise((resolve) => stream.on('status', resolve)),
    end: () => stream.end(),
  };
}

/** Whatever its proxy says comes to nothing. */
export const silentFeed: SnapshotFeed = { refused: () => {}, taken: () => {}, close: () => {} };

/** Hands everyone the same resources. */
class SameForAll implements SnapshotProvider {
  readonly #snapshot: Snapshot;

  constructor(texts: Texts) {
    this.#snapshot = snapshot(texts);
  }

  follow(...[, onSnapshot]: Parameters<SnapshotProvider['follow']>) {
    onSnapshot(this.#snapshot);
    return silentFeed;
  }
}

export interface Served {
  readonly server: XdsServer;
  readonly services: Services;
  /** Connects a proxy; what it asks for is up to the caller. */
  connect(node: Json, protocol?: AdsClientOptions['protocol']): AdsClient;
}

/** A server with all services, and these resources for every proxy; it ends with the test. */
export async function serveAll(
  texts: Texts,
  more: ServicesOptions & { snapshot?: SnapshotProvider; identity?: () => WorkloadIdentity | null } = {},
): Promise<Served> {
  const services = createServices(more);
  const { identity = () => null } = more;
  const provider = more.snapshot ?? new SameForAll(texts);
  const started = await startXdsServer({
    provider,
    port: 0,
    services: services.serve,
    authenticator: () => ({ kind: 'accepted', identity: identity() }),
    timers: { closeGrace: 500 },
  });
  const proxies: AdsClient[] = [];
  onTestFinished(async () => {
    for (const proxy of proxies) proxy.close();
    await services.close();
    await started.close();
  });
  const connect: Served['connect'] = (node, protocol = 'delta') => {
    const proxy = new AdsClient({ port: started.port, protocol, node });
    proxies.push(proxy);
    return proxy;
  };
  return { server: started, services, connect };
}

/** The node of a sidecar. */
export const sidecar = (name: string, namespace: string): Json => ({
  id: `sidecar~10.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`,
  metadata: metadata({ INTERCEPTION_MODE: 'NONE' }),
});
