// gRPC's length-prefixed messages, out of chunks of any size. Invariant: what is kept is at most twice what has arrived
// of one message, whatever length it claims and however small its pieces are; and that not for the collector to find, since
// a thousand clients may each send a megabyte at the same time.
import { status } from '@grpc/grpc-js';

/** Why no further message can be read, as a gRPC status. */
export interface ReadFault {
  readonly code: status;
  readonly details: string;
  /** The stream has to be reset: what is still coming is too much even to be thrown away. */
  readonly reset?: true;
}

export interface MessageReader {
  /** Takes in a chunk and hands out each message that it completes; null, or why the stream has to end. */
  push(chunk: Buffer): ReadFault | null;
  /** Whether a message has begun and is not complete. */
  readonly partial: boolean;
}

/** One byte of flags and four of length. */
const headLength = 5;
const firstCapacity = 1 << 12;

/** In how many pieces a message may come, and how large they have to be on average if there are more of them. */
const mostPieces = 1_000;
const smallestPiece = 64;

interface Arriving {
  readonly length: number;
  bytes: Buffer<ArrayBuffer>;
  filled: number;
  pieces: number;
}

/**
 * Messages longer than `limit` bytes are refused by their head. A message handed out may be a view of its chunk, and is gone
 * when `onMessage` returns.
 */
export function messageReader(limit: number, onMessage: (message: Buffer) => void): MessageReader {
  const head = Buffer.alloc(headLength);
  let headFilled = 0;
  let arriving: Arriving | null = null;

  const takeHead = (chunk: Buffer, from: number): number => {
    const taken = chunk.copy(head, headFilled, from);
    headFilled += taken;
    return from + taken;
  };
  const takeBody = (message: Arriving, chunk: Buffer, from: number): number => {
    const missing = message.length - message.filled;
    if (message.filled === 0 && chunk.length - from >= missing) {
      done(chunk.subarray(from, from + missing));
      return from + missing;
    }
    reserve(message, Math.min(missing, chunk.length - from));
    const taken = chunk.copy(message.bytes, message.filled, from, from + missing);
    message.filled += taken;
    if (message.filled === message.length) {
      done(message.bytes);
      release(message);
    }
    return from + taken;
  };
  const done = (message: Buffer): void => {
    arriving = null;
    headFilled = 0;
    onMessage(message);
  };

  return {
    get partial() {
      return headFilled > 0;
    },
    push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (arriving === null) {
          at = takeHead(chunk, at);
          if (headFilled < headLength) return null;
          const fault = faultOf(head, limit);
          if (fault !== null) return fault;
          arriving = { length: head.readUInt32BE(1), bytes: noBytes, filled: 0, pieces: 0 };
          if (arriving.length === 0) done(noBytes);
        } else {
          if (isShredded(arriving)) return shredded;
          at = takeBody(arriving, chunk, at);
        }
      }
      return null;
    },
  };
}

const shredded: ReadFault = {
  code: status.RESOURCE_EXHAUSTED,
  details: 'a request came in too small pieces',
  reset: true,
};

/** Each piece costs about as much as a small message. */
function isShredded(message: Arriving): boolean {
  message.pieces += 1;
  return message.pieces > mostPieces && message.filled < message.pieces * smallestPiece;
}

const noBytes = Buffer.alloc(0);

/** Room for `more` bytes: doubled as they come, so that each is copied twice at most. */
function reserve(message: Arriving, more: number): void {
  const needed = message.filled + more;
  if (needed <= message.bytes.length) return;
  const capacity = Math.min(message.length, Math.max(needed, message.bytes.length * 2, firstCapacity));
  const bytes = Buffer.allocUnsafeSlow(capacity);
  message.bytes.copy(bytes, 0, 0, message.filled);
  release(message);
  message.bytes = bytes;
}

function release({ bytes }: Arriving): void {
  if (bytes !== noBytes) bytes.buffer.transfer(0);
}

function faultOf(head: Buffer, limit: number): ReadFault | null {
  const flags = head[0];
  if (flags === 1) return { code: status.UNIMPLEMENTED, details: 'compressed messages are not taken' };
  if (flags !== 0) return { code: status.INTERNAL, details: 'the stream is not one of gRPC messages' };
  const length = head.readUInt32BE(1);
  if (length <= limit) return null;
  return { code: status.RESOURCE_EXHAUSTED, details: `a message of ${length} bytes is larger than ${limit}` };
}
