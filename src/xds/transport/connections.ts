// The connections of clients: how many there may be, whether they still live, and their end.
import type { Http2SecureServer, Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Connection } from '../authenticator.ts';
import type { XdsLimits, XdsTimers } from '../server-options.ts';
import { connectionOf } from './peer.ts';

export interface ConnectionsOptions {
  readonly timers: XdsTimers;
  readonly limits: XdsLimits;
  readonly onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Connection) => void;
  /** Told why a connection or a stream was not taken. */
  readonly onRejected: (reason: string) => void;
}

export interface Connections {
  /** Takes over what a server accepts. */
  accept(server: Http2Server | Http2SecureServer): void;
  /** Has all clients open their next stream elsewhere. */
  retire(): void;
  /** Ends all that is left. */
  destroy(): void;
}

export function connections(options: ConnectionsOptions): Connections {
  const sessions = new Set<ServerHttp2Session>();
  const byAddress = new Map<string, number>();
  return {
    accept(server) {
      server.on('connection', (socket: Socket) => countAddress(socket, byAddress, options));
      server.on('drop', () => options.onRejected('too many connections'));
      server.on('session', (session) => {
        sessions.add(session);
        session.on('close', () => sessions.delete(session));
        tend(session, options);
      });
      server.on('sessionError', () => {});
    },
    retire: () => {
      for (const session of sessions) session.close();
    },
    destroy: () => {
      for (const session of sessions) session.destroy();
    },
  };
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
  onRejected('too many connections of one address');
  socket.destroy();
}

function tend(session: ServerHttp2Session, { timers, limits, onStream, onRejected }: ConnectionsOptions): void {
  const connection = connectionOf(session);
  let open = 0;
  // Whoever comes back at once keeps the connection: it ends by GOAWAY.
  const idle = setTimeout(() => session.close(), timers.idleConnection);
  const alive = keepAlive(session, timers);
  session.on('error', () => {});
  session.on('close', () => {
    clearTimeout(idle);
    alive.stop();
  });
  session.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (open >= limits.streamsPerConnection) {
      onRejected('too many streams on one connection');
      return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    }
    open += 1;
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
