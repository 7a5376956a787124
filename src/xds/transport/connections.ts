// The connections of clients: how many there may be, whether they still live, and their end.
import type { Http2SecureServer, Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Connection } from '../authenticator.ts';
import type { XdsLimits, XdsTimers } from '../server-options.ts';
import type { Rejection } from '../xds-event.ts';
import { connectionOf } from './peer.ts';

export interface ConnectionsOptions {
  readonly timers: XdsTimers;
  readonly limits: XdsLimits;
  readonly onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Connection) => void;
  /** Told why a connection or a stream was not taken. */
  readonly onRejected: (rejection: Rejection) => void;
}

/** A connection over TLS whose handshake is done. */
export interface SecureConnection {
  readonly connection: Connection;
  /** Has its client open its next stream elsewhere; what then is still open ends soon. */
  leave(): void;
}

export interface Connections {
  /** Takes over what a server accepts. */
  accept(server: Http2Server | Http2SecureServer): void;
  secure(): readonly SecureConnection[];
  /** Ends the connections whose TLS handshake is not done: it may have been judged by what was trusted before. */
  dropHandshakes(): void;
  /** Has all clients open their next stream elsewhere. */
  retire(): void;
  /** Ends all that is left. */
  destroy(): void;
}

export function connections(options: ConnectionsOptions): Connections {
  const { timers, onRejected } = options;
  const sessions = new Map<ServerHttp2Session, Connection>();
  const handshakes = new Map<string, Socket>();
  const byAddress = new Map<string, number>();
  return {
    accept(server) {
      if ('setSecureContext' in server) {
        server.on('connection', (socket: Socket) => {
          const key = placeOf(socket);
          handshakes.set(key, socket);
          socket.on('close', () => handshakes.delete(key));
        });
        server.on('session', ({ socket }) => handshakes.delete(placeOf(socket)));
      }
      server.on('connection', (socket: Socket) => countAddress(socket, byAddress, options));
      server.on('drop', (drop) => {
        onRejected({ reason: 'too many connections', address: drop?.remoteAddress ?? null, detail: null });
      });
      server.on('session', (session) => {
        const connection = connectionOf(session);
        sessions.set(session, connection);
        session.on('close', () => sessions.delete(session));
        tend(session, connection, options);
      });
      reportBroken(server, onRejected);
    },
    secure: () =>
      [...sessions].flatMap(([session, connection]) =>
        connection.tls === null ? [] : [{ connection, leave: () => leave(session, timers) }],
      ),
    dropHandshakes: () => {
      for (const socket of handshakes.values()) socket.destroy();
    },
    retire: () => {
      for (const session of sessions.keys()) session.close();
    },
    destroy: () => {
      for (const session of sessions.keys()) session.destroy();
    },
  };
}

/** The two ends of a connection: no two that are open are the same. */
const placeOf = ({ remoteAddress, remotePort, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localPort}`;

function leave(session: ServerHttp2Session, { closeGrace }: XdsTimers): void {
  if (session.destroyed) return;
  session.close();
  const force = setTimeout(() => session.destroy(), closeGrace);
  session.on('close', () => clearTimeout(force));
}

/** What speaks no HTTP/2, or breaks it, or fails at TLS; with listeners none of it is an uncaught exception. */
function reportBroken(server: Http2Server | Http2SecureServer, onRejected: ConnectionsOptions['onRejected']): void {
  server.on('sessionError', (error: NodeJS.ErrnoException, session: ServerHttp2Session) => {
    // A connection that is simply gone broke no rule.
    if (error.code?.startsWith('ERR_HTTP2') !== true) return;
    const address = session.socket?.remoteAddress ?? null;
    onRejected({ reason: 'broken HTTP/2', address, detail: error.message });
  });
  server.on('unknownProtocol', (socket: Socket) => {
    onRejected({ reason: 'broken HTTP/2', address: socket.remoteAddress ?? null, detail: 'another protocol' });
    socket.destroy();
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    onRejected({
      reason: 'failed TLS handshake',
      address: socket.remoteAddress ?? null,
      detail: error.code ?? 'unknown',
    });
    socket.destroy();
  });
}

function countAddress(
  socket: Socket,
  byAddress: Map<string, number>,
  { limits, onRejected }: ConnectionsOptions,
): void {
  const { remoteAddress = '' } = socket;
  const count = (byAddress.get(remoteAddress) ?? 0) + 1;
  byAddress.set(remoteAddress, count);
  socket.on('error', () => {});
  socket.on('close', () => {
    const left = (byAddress.get(remoteAddress) ?? 1) - 1;
    if (left === 0) byAddress.delete(remoteAddress);
    else byAddress.set(remoteAddress, left);
  });
  if (count <= limits.connectionsPerAddress) return;
  onRejected({ reason: 'too many connections of one address', address: remoteAddress, detail: null });
  socket.destroy();
}

function tend(
  session: ServerHttp2Session,
  connection: Connection,
  { timers, limits, onStream, onRejected }: ConnectionsOptions,
): void {
  const { remoteAddress: address } = connection;
  let [open, used] = [0, false];
  // Whoever comes back at once keeps the connection: it ends by GOAWAY.
  const idle = setTimeout(() => {
    if (!used) onRejected({ reason: 'no stream was opened', address, detail: null });
    session.close();
  }, timers.idleConnection);
  const alive = keepAlive(session, timers);
  session.on('error', () => {});
  session.on('close', () => {
    clearTimeout(idle);
    alive.stop();
  });
  session.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (open >= limits.streamsPerConnection) {
      onRejected({ reason: 'too many streams on one connection', address, detail: null });
      return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    }
    open += 1;
    used = true;
    clearTimeout(idle);
    stream.on('close', () => {
      open -= 1;
      if (open === 0 && !session.destroyed) idle.refresh();
    });
    onStream(stream, headers, connection);
  });
}

/** Asks from time to time whether the other end is still there, and ends the connection where no answer comes. */
function keepAlive(
  session: ServerHttp2Session,
  { keepalive, keepaliveAnswer }: XdsTimers,
): { readonly stop: () => void } {
  let deadline: NodeJS.Timeout | undefined;
  const ask = (): void => {
    if (session.destroyed || deadline !== undefined) return;
    deadline = setTimeout(() => session.destroy(), keepaliveAnswer);
    const sent = session.ping(() => {
      clearTimeout(deadline);
      deadline = undefined;
    });
    if (!sent) session.destroy();
  };
  const timer = setInterval(ask, keepalive);
  return {
    stop: () => {
      clearInterval(timer);
      clearTimeout(deadline);
    },
  };
}
