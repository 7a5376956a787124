// The ADS server: a gRPC service whose messages are Buffers, with one session per stream.
import { randomBytes } from 'node:crypto';
import {
  type ChannelOptions,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import type { ProxyNode } from '../model/proxy.ts';
import { isInSync } from './removal.ts';
import { limits, type Protocol } from './requests.ts';
import { type AdsCall, Session } from './session.ts';
import type { SnapshotProvider } from './snapshot.ts';
import type { XdsEvent } from './xds-event.ts';

/** All in milliseconds. */
export interface XdsTimers {
  /** After how long without an answer a response may be overtaken by a newer one. */
  readonly supersedeAfter: number;
  /** How long a removal waits at most for other types to be acknowledged. */
  readonly removalDeadline: number;
  /** After how long it is reported that listeners or routes wait for clusters to be acknowledged. */
  readonly gateDeadline: number;
  /** How long a cluster stays after the last route that named it. */
  readonly drain: number;
  /** How long `close()` waits for the streams to end. */
  readonly closeGrace: number;
}

const defaultTimers: XdsTimers = {
  supersedeAfter: 2_000,
  removalDeadline: 5_000,
  gateDeadline: 5_000,
  drain: 1_000,
  closeGrace: 3_000,
};

export interface XdsServerOptions {
  readonly provider: SnapshotProvider;
  /** 127.0.0.1 where nothing is said. */
  readonly host?: string;
  /** 0 asks for a free one. */
  readonly port: number;
  readonly timers?: Partial<XdsTimers>;
  readonly onEvent?: (event: XdsEvent) => void;
}

/** What a stream's client has of one type. */
export interface TypeStatus {
  readonly kind: ResourceKind;
  /** Of the last response, and of the last one that was acknowledged. */
  readonly sent: string | null;
  readonly acknowledged: string | null;
  /** Whether the client has acknowledged all that it should have. */
  readonly synced: boolean;
  /** Why the client refused the last response that it answered, or null. */
  readonly error: string | null;
}

export interface StreamStatus {
  readonly node: ProxyNode;
  readonly protocol: Protocol;
  /** The types that were asked for. */
  readonly types: readonly TypeStatus[];
}

export interface XdsServer {
  readonly host: string;
  readonly port: number;
  /** The state of every stream whose proxy has introduced itself. */
  streams(): readonly StreamStatus[];
  /** Ends all streams with UNAVAILABLE, so that proxies try again elsewhere, and resolves when the port is free. */
  close(): Promise<void>;
}

const pass = (bytes: Buffer): Buffer => bytes;
const method = (name: string) => ({
  path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
});
const service: ServiceDefinition = {
  StreamAggregatedResources: method('StreamAggregatedResources'),
  DeltaAggregatedResources: method('DeltaAggregatedResources'),
};

const channel: ChannelOptions = {
  'grpc.max_receive_message_length': limits.request,
  'grpc.max_send_message_length': -1,
  'grpc.max_concurrent_streams': 1_000,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/**
 * Starts to serve. Rejects with an error whose code is EADDRINUSE where the port is taken, and with the system's error
 * for any other reason why it cannot listen.
 */
export async function startXdsServer(options: XdsServerOptions): Promise<XdsServer> {
  const { provider, host = '127.0.0.1', port, onEvent = () => {} } = options;
  // What it would print is told here by errors and events. Whoever looks for a fault in it sets its variable.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
  const timers = { ...defaultTimers, ...options.timers };
  const sessions = new Set<Session>();
  const server = new Server(channel);
  const prefix = randomBytes(4).toString('hex');
  let opened = 0;
  const open = (protocol: Protocol) => (call: AdsCall) => {
    opened += 1;
    const stream = { protocol, noncePrefix: `${prefix}-${opened}-`, ...timers };
    sessions.add(new Session({ call, stream, provider, onEvent, onClosed: (session) => sessions.delete(session) }));
  };
  server.addService(service, { StreamAggregatedResources: open('sotw'), DeltaAggregatedResources: open('delta') });
  return {
    host,
    port: await listen(server, host, port),
    streams: () => [...sessions].flatMap(statusOf),
    close: () => close(server, sessions, timers.closeGrace),
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve(bound);
      const taken = error.message.includes('EADDRINUSE');
      reject(taken ? Object.assign(new Error(`${address} is in use`), { code: 'EADDRINUSE' }) : error);
    });
  });
}

async function close(server: Server, sessions: ReadonlySet<Session>, grace: number): Promise<void> {
  for (const session of sessions) session.end(status.UNAVAILABLE, 'the control plane is stopping');
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, grace);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

function statusOf({ node, state }: Session): readonly StreamStatus[] {
  if (node === null) return [];
  const types = resourceKinds.flatMap((kind): TypeStatus[] => {
    const subscription = state.subscriptions[kind];
    const { wanted, inFlight, acknowledged, error } = subscription;
    if (wanted === null) return [];
    const synced = isInSync(state, kind);
    return [{ kind, sent: inFlight?.version ?? acknowledged, acknowledged, synced, error }];
  });
  return [{ node, protocol: state.options.protocol, types }];
}
