// Who is at the other end of a connection, as far as the transport can tell.
import type { ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Connection, PeerCertificate } from '../authenticator.ts';

/** Reads what the authenticator decides by. */
export function connectionOf(session: ServerHttp2Session): Connection {
  const { socket } = session;
  const secure = session.encrypted === true;
  return { remoteAddress: socket.remoteAddress ?? '', tls: secure ? certificateOf(socket as TLSSocket) : null };
}

/** Without a certificate OpenSSL has nothing to complain of. */
function certificateOf(socket: TLSSocket): PeerCertificate {
  const certificate = socket.getPeerX509Certificate() ?? null;
  const problem: unknown = socket.authorizationError;
  if (certificate === null || socket.authorized) return { certificate, error: null };
  return { certificate, error: problem instanceof Error ? problem.message : String(problem) };
}
