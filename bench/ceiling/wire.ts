// As much of protobuf's and gRPC's wire format as the prototype needs. Its own: a mark must not share what it measures.

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A field of text, bytes or a message. */
export function block(field: number, content: Buffer | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

/** A field that is a number. */
export function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

export interface Block {
  readonly field: number;
  /** Where the field begins, its content begins, and both end. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

/** The fields of text, bytes or messages in a message; numbers are skipped. */
export function* blocks(message: Buffer): Generator<Block> {
  let at = 0;
  const next = (): number => {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
      unit *= 128;
    }
  };
  while (at < message.length) {
    const from = at;
    const tag = next();
    const length = next();
    if (tag % 8 !== 2) continue;
    yield { field: Math.floor(tag / 8), from, start: at, end: at + length };
    at += length;
  }
}

/** The content of the first field of this number. */
export function fieldOf(message: Buffer, field: number): Buffer {
  for (const each of blocks(message)) if (each.field === field) return message.subarray(each.start, each.end);
  return Buffer.alloc(0);
}

/** A message of gRPC: not compressed, its length, its bytes. */
export function grpcMessage(parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(
    parts.reduce((sum, { length }) => sum + length, 0),
    1,
  );
  return Buffer.concat([head, ...parts]);
}

/** Cuts a stream of bytes into gRPC's messages. */
export class GrpcMessages {
  #rest: Buffer = Buffer.alloc(0);

  *take(bytes: Buffer): Generator<Buffer> {
    let all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (all.length >= 5) {
      const end = 5 + all.readUInt32BE(1);
      if (all.length < end) break;
      yield all.subarray(5, end);
      all = all.subarray(end);
    }
    this.#rest = all;
  }
}
