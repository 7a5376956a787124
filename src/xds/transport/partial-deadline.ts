// A message that does not become whole holds memory for as long as its stream lasts: the deadline of one, for streams that
// somebody else reads.
import { constants, type ServerHttp2Stream } from 'node:http2';

/** Resets the stream when a message has begun and does not become whole within `time` milliseconds of reading. */
export function partialDeadline(stream: ServerHttp2Stream, time: number): void {
  let deadline: NodeJS.Timeout | undefined;
  const halt = (): void => {
    clearTimeout(deadline);
    deadline = undefined;
  };
  const late = (): void => {
    // Who is not read from cannot send the rest.
    if (stream.isPaused()) deadline = setTimeout(late, time);
    else stream.close(constants.NGHTTP2_CANCEL);
  };
  const boundaries = messageBoundaries(halt);
  stream.on('data', (chunk: Buffer) => {
    if (boundaries(chunk)) deadline ??= setTimeout(late, time);
  });
  stream.on('close', halt);
}

/** One byte of flags and four of length. */
const headLength = 5;

/** Calls `onWhole` at the end of every length-prefixed message; says whether one has begun that is not whole. */
function messageBoundaries(onWhole: () => void): (chunk: Buffer) => boolean {
  const head = Buffer.alloc(headLength);
  let [headFilled, bodyLeft] = [0, 0];
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      const inHead = headFilled < headLength;
      const taken = Math.min(inHead ? headLength - headFilled : bodyLeft, chunk.length - at);
      if (inHead) {
        chunk.copy(head, headFilled, at, at + taken);
        headFilled += taken;
        if (headFilled === headLength) bodyLeft = head.readUInt32BE(1);
      } else bodyLeft -= taken;
      at += taken;
      if (headFilled === headLength && bodyLeft === 0) {
        headFilled = 0;
        onWhole();
      }
    }
    return headFilled > 0;
  };
}
