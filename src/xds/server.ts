// The xDS server: ADS on node:http2, every other service on grpc-js behind it. Invariant: no stream of any method is read
// before its caller is authenticated.
import {
  constants,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { logVerbosity, type Metadata, setLogVerbosity, status } from '@grpc/grpc-js';
import { adsProtocol, createAds } from './ads.ts';
import type { Authenticator, Connection } from './authenticator.ts';
import { judgeAgain } from './judgement.ts';
import { defaultLimits, defaultTimers, type XdsLimits, type XdsTimers } from './server-options.ts';
import type { AuthorizeNode } from './session.ts';
import type { SnapshotProvider } from './snapshot.ts';
import { type StreamStatus, statusOf } from './stream-status.ts';
import { type Connections, type ConnectionsOptions, connections } from './transport/connections.ts';
import { httpFault, refuse, refuseHttp } from './transport/grpc-stream.ts';
import { type Listening, listen, plainServer, secureServer, type TlsListener } from './transport/http2-server.ts';
import { type Caller, createRelay, type XdsService } from './transport/relay.ts';
import type { Rejection, XdsEvent } from './xds-event.ts';

export interface ServerParts {
  readonly provider: SnapshotProvider;
  /** Of the plain text listener; 127.0.0.1 where nothing is said. */
  readonly host?: string;
  /** Of the plain text listener; 0 asks for a free one, null for no such listener. */
  readonly port: number | null;
  /** Whether a proxy of an identity may be the node that it says it is: null, or why not. */
  readonly authorizeNode?: AuthorizeNode;
  /** Whether the provider has something to serve; before, streams are turned away. */
  readonly ready?: () => boolean;
  /**
   * Paths of methods that find out themselves who calls, by a token: over TLS they are handed callers whose certificate is
   * missing, or does not hold, without an identity. No other method takes a token.
   */
  readonly tokenMethods?: readonly string[];
  /** Services beside ADS. */
  readonly services?: (context: ServiceContext) => readonly XdsService[];
  readonly timers?: Partial<XdsTimers>;
  readonly limits?: Partial<XdsLimits>;
  readonly onEvent?: (event: XdsEvent) => void;
}

/** Who is let in. With TLS somebody has to decide it; in plain text everybody is, without an identity, where nothing is said. */
export type Admittance =
  | { readonly tls?: undefined; readonly authenticator?: Authenticator }
  | { /** A second listener. */ readonly tls: TlsListener; readonly authenticator: Authenticator };

export type XdsServerOptions = ServerParts & Admittance;

/** What the handlers of other services may ask. */
export interface ServiceContext {
  /** The state of every stream whose proxy has introduced itself. */
  streams(): readonly StreamStatus[];
  /** Who calls a method, from the metadata of the call; null only when the call is over. */
  callerOf(metadata: Metadata): Caller | null;
}

export interface XdsServer {
  readonly host: string;
  /** 0 where there is no listener for plain text. */
  readonly port: number;
  /** Null where there is no listener for TLS. */
  readonly tlsPort: number | null;
  /** The state of every stream whose proxy has introduced itself. */
  streams(): readonly StreamStatus[];
  /** Ends all streams with UNAVAILABLE, so that proxies try again elsewhere, and resolves when the ports are free. */
  close(): Promise<void>;
}

/** Where nobody was told to decide: a certificate that nobody looks at is none. */
const plainTextOnly: Authenticator = ({ tls }) =>
  tls === null ? { kind: 'accepted', identity: null } : { kind: 'refused', reason: 'nobody is let in over TLS here' };

/**
 * Starts to serve. Rejects with an error whose code is EADDRINUSE where a port is taken, and with the system's error
 * for any other reason why it cannot listen.
 */
export async function startXdsServer(options: XdsServerOptions): Promise<XdsServer> {
  const { provider, host = '127.0.0.1', onEvent = () => {}, authenticator = plainTextOnly } = options;
  // What it would print is told here by errors and events. Whoever looks for a fault in it sets its variable.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
  const timers = { ...defaultTimers, ...options.timers };
  const limits = { ...defaultLimits, ...options.limits };
  const { ready = () => true, authorizeNode = () => null, tokenMethods = [] } = options;
  const ads = createAds({ provider, timers, limits, ready, authorizeNode, onEvent });
  const relay = createRelay(timers);
  const streams = (): readonly StreamStatus[] => [...ads.sessions].flatMap(statusOf);
  relay.serve(options.services?.({ streams, callerOf: relay.callerOf }) ?? []);
  const onRejected = (rejection: Rejection): void => {
    onEvent({ node: null, protocol: null, kind: 'rejected', ...rejection });
  };
  const onFault = (error: unknown): void => onEvent({ node: null, protocol: null, kind: 'fault', error });

  const onStream: OnStream = (stream, headers, connection) => {
    try {
      const caller = admit({ stream, headers, connection, authenticator, tokenMethods, onRejected });
      if (caller === null) return;
      const protocol = adsProtocol(headers[':path']);
      if (protocol === undefined) relay.pass(stream, headers, caller);
      else ads.open(stream, protocol, caller);
    } catch (error) {
      onFault(error);
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  };

  const clients = connections({ timers, limits, onStream, onRejected });
  const [plain, tls] = await listenAll({ ...options, host }, clients, { ...limits, handshake: timers.handshake });
  const judging =
    options.tls === undefined
      ? null
      : judgeAgain({ ads, clients, authenticator, timers, material: options.tls.material, onRejected, onFault });
  const close = async (): Promise<void> => {
    judging?.stop();
    const freed = Promise.all([plain?.close(), tls?.close()]);
    const ended = ads.close();
    clients.retire();
    await ended;
    const force = setTimeout(() => clients.destroy(), timers.closeGrace);
    await freed;
    clearTimeout(force);
    relay.close();
  };
  return { host, port: plain?.port ?? 0, tlsPort: tls?.port ?? null, streams, close };
}

type OnStream = ConnectionsOptions['onStream'];

interface Arrival {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Connection;
  readonly authenticator: Authenticator;
  readonly tokenMethods: readonly string[];
  readonly onRejected: (rejection: Rejection) => void;
}

/** Who calls; null where the call is refused. Nothing of its body is read yet. */
function admit({ stream, headers, connection, authenticator, tokenMethods, onRejected }: Arrival): Caller | null {
  const { remoteAddress: address } = connection;
  const wrong = httpFault(headers);
  if (wrong !== null) {
    onRejected({ reason: 'no gRPC call', address, detail: `HTTP status ${wrong}` });
    refuseHttp(stream, wrong);
    return null;
  }
  const authentication = authenticator(connection);
  if (authentication.kind === 'accepted') return { connection, identity: authentication.identity };
  if (connection.tls !== null && tokenMethods.includes(headers[':path'] ?? '')) return { connection, identity: null };
  onRejected({ reason: 'unauthenticated', address, detail: authentication.reason });
  refuse(stream, status.UNAUTHENTICATED, authentication.reason);
  return null;
}

async function listenAll(
  { host, port, tls }: Pick<XdsServerOptions, 'port' | 'tls'> & { readonly host: string },
  clients: Connections,
  limits: XdsLimits & { readonly handshake: number },
): Promise<readonly [Listening | null, Listening | null]> {
  const open = (server: Http2Server | Http2SecureServer, address: { host: string; port: number }) => {
    clients.accept(server);
    return listen(server, address, limits);
  };
  const plain = port === null ? null : await open(plainServer(limits), { host, port });
  if (tls === undefined) return [plain, null];
  try {
    return [plain, await open(secureServer(limits, tls.material), tls)];
  } catch (error) {
    await plain?.close();
    throw error;
  }
}
