// gRPC's length-prefixed messages, written one at a time. Invariant: what streams share is never copied, and of a message
// no more than one slice waits in the transport.
import type { ServerHttp2Stream } from 'node:http2';
import { Alarm } from '../alarm.ts';
import type { ResponseBytes } from '../response.ts';

export interface MessageWriter {
  /** `taken` is called once the client has made room for all of it; not before may the next one be written. */
  write(bytes: ResponseBytes, taken: () => void): void;
  /** Ends the stream after what was written. */
  end(): void;
}

const headLength = 5;
/** Below this a copy is cheaper than a second write. */
const copied = 4 << 10;
/**
 * What a slow client has to take from time to time, lest it is held for one that takes nothing; in bytes. What is to be
 * encrypted is copied by node:tls, all that it is given at once.
 */
const slices = { plain: 256 << 10, encrypted: 64 << 10 } as const;

/** `stalled` is called when the client has taken nothing for `timeout` milliseconds, though something waits for it. */
export function messageWriter(stream: ServerHttp2Stream, timeout: number, stalled: () => void): MessageWriter {
  const slice = stream.session?.encrypted === true ? slices.encrypted : slices.plain;
  let rest: Buffer | null = null;
  let taken = (): void => {};
  let ending = false;
  const alarm = new Alarm(stalled);

  const wrote = (error?: Error | null): void => {
    alarm.set(null);
    if (error) return;
    if (rest !== null) writeNext(rest);
    else if (ending) stream.end();
    else taken();
  };
  const watch = (): void => alarm.set(performance.now() + timeout);
  const writeNext = (bytes: Buffer): void => {
    rest = bytes.length > slice ? bytes.subarray(slice) : null;
    watch();
    stream.write(rest === null ? bytes : bytes.subarray(0, slice), wrote);
  };
  stream.on('close', () => alarm.stop());

  return {
    write({ own, shared }, done) {
      if (stream.destroyed || stream.writableEnded || ending) return;
      taken = done;
      const first = head(own, shared);
      if (first.length > headLength + own.length) {
        watch();
        stream.write(first, wrote);
        return;
      }
      stream.cork();
      stream.write(first);
      writeNext(shared);
      stream.uncork();
    },
    end() {
      ending = true;
      if (rest === null) stream.end();
    },
  };
}

/** What comes before the shared bytes, for fields may come in any order; and those too where they are few. */
function head(own: Buffer, shared: Buffer): Buffer {
  const small = shared.length < copied;
  const first = Buffer.allocUnsafe(headLength + own.length + (small ? shared.length : 0));
  first[0] = 0;
  first.writeUInt32BE(own.length + shared.length, 1);
  first.set(own, headLength);
  if (small) first.set(shared, headLength + own.length);
  return first;
}
