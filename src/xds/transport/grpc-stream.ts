// One gRPC call on a stream of node:http2. Invariant: what many streams are sent is written as it is, never copied.
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { limits } from '../requests.ts';
import type { ResponseBytes } from '../response.ts';
import type { XdsTimers } from '../server-options.ts';
import { messageReader, type ReadFault } from './message-reader.ts';
import { messageWriter } from './message-writer.ts';

/** What a session needs of the call under it. */
export interface AdsStream {
  /** Starts to read. */
  open(handlers: AdsHandlers): void;
  /** Reads nothing more until `resume`, so that the client's window fills up. */
  pause(): void;
  resume(): void;
  /** `taken` is called once the client has made room for all of it. */
  write(bytes: ResponseBytes, taken: () => void): void;
  /** Ends the call with a status, once what was written is sent. */
  end(code: status, details: string): void;
  /** Ends it at once, without a status. */
  destroy(): void;
  /** Has the client open its next call on another connection. */
  retire(): void;
}

export interface AdsHandlers {
  readonly message: (bytes: Buffer) => void;
  /** The client has said all. */
  readonly ended: () => void;
  /** The client has taken nothing of what it is sent for too long. */
  readonly stalled: () => void;
  /** Nothing of it is left; may be called more than once. */
  readonly closed: (reason: string) => void;
}

const contentType = 'application/grpc';
const respond = { ':status': 200, 'content-type': contentType, 'grpc-accept-encoding': 'identity' };

/** Whether the headers are those of a gRPC call; else the HTTP status that says why not. */
export function httpFault(headers: IncomingHttpHeaders): number | null {
  const { ':method': method, ':path': path = '', 'content-type': type = '' } = headers;
  if (method !== 'POST') return constants.HTTP_STATUS_METHOD_NOT_ALLOWED;
  if (!path.startsWith('/')) return constants.HTTP_STATUS_BAD_REQUEST;
  const rest = type.startsWith(contentType) ? type.slice(contentType.length) : null;
  if (rest === null || (rest !== '' && !/^[+;]/.test(rest))) return constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE;
  return null;
}

/** Ends a call that nothing was answered to. */
export function refuse(stream: ServerHttp2Stream, code: status, details: string): void {
  if (stream.destroyed || stream.headersSent) return;
  stream.respond({ ...respond, ...trailersOf(code, details) }, { endStream: true });
  leave(stream);
}

/** Ends what is no gRPC call. */
export function refuseHttp(stream: ServerHttp2Stream, httpStatus: number): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': httpStatus }, { endStream: true });
  leave(stream);
}

/** How long a client that was told the end may go on sending, in milliseconds: a reset at once would overtake the end. */
const parting = 1_000;

function leave(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return;
  stream.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), parting);
  stream.on('close', () => clearTimeout(timer));
}

function trailersOf(code: status, details: string): OutgoingHttpHeaders {
  return { 'grpc-status': String(code), ...(details === '' ? {} : { 'grpc-message': percentEncoded(details) }) };
}

/** gRPC's Percent-Encoded: printable ASCII but `%` as it is, all other bytes of UTF-8 as %XX. */
export function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

export type StreamTimers = Pick<XdsTimers, 'wholeRequest' | 'write'>;

/** The call on a stream whose headers were looked at. */
export function grpcStream(stream: ServerHttp2Stream, { write, wholeRequest }: StreamTimers): AdsStream {
  let trailers: OutgoingHttpHeaders = trailersOf(status.OK, '');
  let stalled = (): void => {};
  const writer = messageWriter(stream, write, () => stalled());
  stream.respond(respond, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers(trailers);
    leave(stream);
  });
  const end = (code: status, details: string): void => {
    if (stream.destroyed || stream.writableEnded) return;
    trailers = trailersOf(code, details);
    stream.removeAllListeners('data');
    stream.resume();
    writer.end();
  };
  let deadline: Deadline | null = null;
  return {
    open(handlers) {
      stalled = handlers.stalled;
      deadline = listen(stream, { handlers, end, wholeRequest });
    },
    pause: () => {
      stream.pause();
      deadline?.halt();
    },
    resume: () => {
      stream.resume();
      deadline?.goOn();
    },
    write: writer.write,
    end,
    destroy: () => stream.close(constants.NGHTTP2_CANCEL),
    retire: () => stream.session?.close(),
  };
}

interface Listening {
  readonly handlers: AdsHandlers;
  readonly end: AdsStream['end'];
  readonly wholeRequest: number;
}

/** Of a request that has begun. While nothing is read it does not count. */
interface Deadline {
  halt(): void;
  goOn(): void;
}

function listen(stream: ServerHttp2Stream, { handlers, end, wholeRequest }: Listening): Deadline {
  let reason = 'connection closed';
  let deadline: NodeJS.Timeout | undefined;
  const halt = (): void => {
    clearTimeout(deadline);
    deadline = undefined;
  };
  const goOn = (): void => {
    if (reader.partial && !stream.isPaused() && !stream.destroyed) deadline ??= setTimeout(late, wholeRequest);
  };
  const fail = ({ code, details, reset }: ReadFault): void => {
    reason = details;
    if (reset) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    else end(code, details);
    handlers.closed(reason);
  };
  const late = (): void => {
    fail({ code: status.DEADLINE_EXCEEDED, details: `a request did not become whole within ${wholeRequest} ms` });
  };
  const reader = messageReader(limits.request, (message) => {
    halt();
    handlers.message(message);
  });
  stream.on('data', (chunk: Buffer) => {
    const fault = reader.push(chunk);
    if (fault !== null) fail(fault);
    else goOn();
  });
  stream.on('end', handlers.ended);
  stream.on('aborted', () => {
    reason = 'cancelled by the client';
  });
  stream.on('error', (error) => {
    reason = error.message;
  });
  stream.on('close', () => {
    halt();
    handlers.closed(reason);
  });
  return { halt, goOn };
}
