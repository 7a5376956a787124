// The one place where it is decided who may talk to the server: asked once for every stream of every service, before
// anything that the client sent in it is read.
import type { X509Certificate } from 'node:crypto';
import type { WorkloadIdentity } from '../model/identity.ts';

/** The connection of a stream, as far as the transport can tell. */
export interface Connection {
  readonly remoteAddress: string;
  /** Null on plain text. */
  readonly tls: PeerCertificate | null;
}

export interface PeerCertificate {
  /** Null: the client showed none. */
  readonly certificate: X509Certificate | null;
  /** Why the certificate's chain does not hold, in OpenSSL's words; null: it does. */
  readonly error: string | null;
}

export type Authentication =
  /** Without an identity: plain text, where what a client says of itself counts. */
  | { readonly kind: 'accepted'; readonly identity: WorkloadIdentity | null }
  /** The stream ends with UNAUTHENTICATED. The reason is told to the client: nothing in it may be secret. */
  | { readonly kind: 'refused'; readonly reason: string };

export type Authenticator = (connection: Connection) => Authentication;
