// The fields of a request, found in its bytes without decoding any of them. All that is read of both requests are texts and
// messages, so each is a run of bytes.

/** Told of a field that is a text or a message: its number, and where what it holds begins and ends. */
export type OnField = (number: number, start: number, end: number) => void;

const wireType = { varint: 0, eightBytes: 1, lengthDelimited: 2, fourBytes: 5 } as const;

/**
 * Takes a message apart. Gives the run of fields with the number `run` that begins with the first of them, each with its tag;
 * `onField` is told of all others, in their order. Null: the bytes are no message.
 */
export function takeApart(bytes: Buffer, run: number, onField: OnField): Buffer | null {
  const walk = new Walk(bytes);
  let [first, last] = [0, 0];
  while (walk.at < bytes.length) {
    const from = walk.at;
    const tag = walk.varint();
    const number = tag >>> 3;
    const start = walk.into(tag & 7);
    if (number === 0 || walk.at > bytes.length) return null;
    if ((tag & 7) !== wireType.lengthDelimited) continue;
    if (number === run && (last === 0 || last === from)) {
      if (last === 0) first = from;
      last = walk.at;
    } else onField(number, start, walk.at);
  }
  return bytes.subarray(first, last);
}

/** The texts in a run of one field. */
export function textsOf(run: Buffer): readonly string[] {
  const texts: string[] = [];
  const walk = new Walk(run);
  while (walk.at < run.length) {
    const start = walk.into(walk.varint() & 7);
    texts.push(run.toString('utf8', start, walk.at));
  }
  return texts;
}

/** Walks over bytes; what is malformed ends far behind them. */
class Walk {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** One of 32 bits; more bits are skipped. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.at] ?? 0;
      this.at += 1;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.#lost();
  }

  /** Goes behind the value of a field; gives where it begins. */
  into(type: number): number {
    if (type === wireType.lengthDelimited) {
      const length = this.varint();
      this.at += length;
      return this.at - length;
    }
    const start = this.at;
    if (type === wireType.varint) this.varint();
    else if (type === wireType.eightBytes) this.at += 8;
    else if (type === wireType.fourBytes) this.at += 4;
    else this.#lost();
    return start;
  }

  #lost(): number {
    this.at = Number.MAX_SAFE_INTEGER;
    return 0;
  }
}
