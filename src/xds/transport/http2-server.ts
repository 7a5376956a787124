// The listening sockets: node:http2 on plain text or TLS, with every bound that it has.

import { constants } from 'node:crypto';
import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type SecureServerOptions,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A server's own certificate, and the authorities whose clients it knows. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly ca: string | Buffer | readonly (string | Buffer)[];
  readonly crl?: string | Buffer | readonly (string | Buffer)[];
}

/** What a TLS listener is run with; it may be replaced while connections last. */
export interface TlsMaterial {
  options(): TlsOptions;
  /** How many of its CAs and lists of revoked certificates have run out by now. */
  lapsed(): number;
  /** Returns what ends the listening. */
  onChange(listener: () => void): () => void;
}

export interface TlsListener {
  readonly host: string;
  readonly port: number;
  readonly material: TlsMaterial;
}

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

export interface SocketLimits {
  readonly streamsPerConnection: number;
  readonly connections: number;
  /** Of a TLS handshake, and of what speaks no HTTP/2, in milliseconds. */
  readonly handshake: number;
}

/** In bytes: what a client may send on a stream before it is read. */
const streamWindow = 256 << 10;

/** Node's own guards against rapid resets and floods of frames (streamResetBurst and its like) stay as they are. */
function http2Options({ streamsPerConnection, handshake }: SocketLimits): ServerOptions {
  return {
    maxSessionMemory: 32,
    maxSettings: 32,
    maxHeaderListPairs: 128,
    maxSendHeaderBlockLength: 64 << 10,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    unknownProtocolTimeout: handshake,
    settings: {
      maxConcurrentStreams: streamsPerConnection,
      initialWindowSize: streamWindow,
      maxHeaderListSize: 16 << 10,
      enablePush: false,
    },
  };
}

export function plainServer(limits: SocketLimits): Http2Server {
  return createServer(http2Options(limits));
}

/** Who shows no certificate, or one that does not hold, gets through the handshake: the authenticator decides. */
export function secureServer(limits: SocketLimits, material: TlsMaterial): Http2SecureServer {
  const server = createSecureServer({
    ...http2Options(limits),
    ...contextOf(material),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: limits.handshake,
  });
  const stop = material.onChange(() => server.setSecureContext(contextOf(material)));
  server.on('close', stop);
  return server;
}

/** Without tickets: a resumed session would be judged by a certificate that was verified long ago. */
function contextOf(material: TlsMaterial): SecureServerOptions {
  const { cert, key, ca, crl } = material.options();
  const several = (text: NonNullable<TlsOptions['crl']>) => (Array.isArray(text) ? [...text] : (text as string));
  return {
    cert,
    key,
    ca: several(ca),
    ...(crl === undefined ? {} : { crl: several(crl) }),
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/** Rejects with an error whose code is EADDRINUSE where the port is taken, or with the system's error. */
export async function listen(
  server: Http2Server | Http2SecureServer,
  { host, port }: { readonly host: string; readonly port: number },
  { connections }: SocketLimits,
): Promise<Listening> {
  server.maxConnections = connections;
  server.listen({ host, port, backlog: 4096 });
  await once(server, 'listening');
  server.on('error', () => {});
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, close };
}
