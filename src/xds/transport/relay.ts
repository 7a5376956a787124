// Streams that are not ADS: they go to a server of grpc-js in this process, over an HTTP/2 connection in memory for each
// connection of a client. Headers, data, trailers and resets pass both ways, and whoever does not read is not written to.
import { randomUUID } from 'node:crypto';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type Http2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { duplexPair } from 'node:stream';
import {
  type ConnectionInjector,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { WorkloadIdentity } from '../../model/identity.ts';
import type { Connection } from '../authenticator.ts';
import { limits } from '../requests.ts';
import { partialDeadline } from './partial-deadline.ts';

/** Who has called a method. */
export interface Caller {
  readonly connection: Connection;
  /** Null: plain text. */
  readonly identity: WorkloadIdentity | null;
}

/** A gRPC service beside ADS, as grpc-js takes it. */
export interface XdsService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface Relay {
  /** Hands over a stream whose caller is authenticated. */
  pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, caller: Caller): void;
  /** The caller of a method, from the metadata of its call; null only when the call is over. */
  callerOf(metadata: Metadata): Caller | null;
  close(): void;
}

/** Carries a name of the caller that lives as long as the call; what clients send under it is dropped. */
const callerHeader = 'sluice-caller';
/** Those of one connection, which the other end must not see. */
const hopHeaders: readonly string[] = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];

/** `wholeRequest`: from the first byte of a message to its last, in milliseconds. */
export function createRelay({
  wholeRequest,
}: {
  readonly wholeRequest: number;
}): Relay & { serve(services: readonly XdsService[]): void } {
  const server = new Server({ 'grpc.max_receive_message_length': limits.request });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sessions = new WeakMap<Http2Session, ClientHttp2Session>();
  const callers = new Map<string, Caller>();
  return {
    serve(services) {
      for (const { definition, implementation } of services) server.addService(definition, implementation);
    },
    pass(stream, headers, caller) {
      const { session } = stream;
      if (session === undefined) return;
      const inner = sessions.get(session) ?? connectInside(injector, session);
      sessions.set(session, inner);
      const key = randomUUID();
      callers.set(key, caller);
      stream.on('close', () => callers.delete(key));
      partialDeadline(stream, wholeRequest);
      relay(stream, inner.request({ ...passedOn(headers), [callerHeader]: key }));
    },
    callerOf: (metadata) => callers.get(String(metadata.get(callerHeader)[0])) ?? null,
    close: () => {
      injector.destroy();
      server.forceShutdown();
    },
  };
}

/**
 * More than HTTP/2's own windows let through, in bytes: node:http2 does not read while it cannot write, and two ends that
 * both wait for the other to read would wait for ever.
 */
const pipeLength = 16 << 20;

/** One for each connection of a client: the flow control of one client is nobody else's. */
function connectInside(injector: ConnectionInjector, outer: Http2Session): ClientHttp2Session {
  const [near, far] = duplexPair({ highWaterMark: pipeLength });
  const inner = connect('http://relay', { createConnection: () => near });
  inner.on('error', () => {});
  outer.on('close', () => inner.destroy());
  injector.injectConnection(far);
  return inner;
}

function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(
    ([name]) => name !== callerHeader && name !== ':authority' && name !== ':scheme' && !hopHeaders.includes(name),
  );
  return Object.fromEntries(kept);
}

function answered(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'date' && !hopHeaders.includes(name)));
}

/** A reset of one end, and an end of it before its time, is a reset of the other. */
function relay(outer: ServerHttp2Stream, inner: ClientHttp2Stream): void {
  let trailers: OutgoingHttpHeaders | null = null;
  inner.on('response', (headers, flags) => {
    if (outer.destroyed) return;
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    outer.respond(answered(headers), { endStream, waitForTrailers: !endStream });
    if (endStream) outer.resume();
    else inner.pipe(outer);
  });
  inner.on('trailers', (headers) => {
    trailers = answered(headers);
  });
  outer.on('wantTrailers', () => outer.sendTrailers(trailers ?? { 'grpc-status': '13' }));
  outer.pipe(inner);
  const resetBoth = (code: number): void => {
    if (!inner.destroyed) inner.close(code);
    if (!outer.destroyed) outer.close(code);
  };
  for (const stream of [outer, inner]) stream.on('error', () => resetBoth(constants.NGHTTP2_INTERNAL_ERROR));
  outer.on('aborted', () => resetBoth(constants.NGHTTP2_CANCEL));
  inner.on('close', () => {
    const code = inner.rstCode;
    if (code !== undefined && code !== constants.NGHTTP2_NO_ERROR) resetBoth(code);
    // The answer is complete: what the client would still send is of no use.
    else if (outer.headersSent && !outer.readableEnded) outer.close(constants.NGHTTP2_NO_ERROR);
    else if (!outer.headersSent) resetBoth(constants.NGHTTP2_INTERNAL_ERROR);
  });
  outer.on('close', () => resetBoth(constants.NGHTTP2_CANCEL));
}
