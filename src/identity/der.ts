// Reads DER (ITU-T X.690), strictly: one way to write a value, and nothing left over. https://www.itu.int/rec/T-REC-X.690

/** One value. */
export interface DerValue {
  /** Class, whether it holds others, and number; numbers above 30 are not known here. */
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
}

export const tags = { boolean: 0x01, bitString: 0x03, octetString: 0x04, oid: 0x06, sequence: 0x30 } as const;

/** The values that `bytes` consist of. Throws if they consist of anything else. */
export function valuesIn(bytes: Buffer): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = valueAt(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** What the only value in `bytes` holds. Throws if it has another tag, or is not the only one. */
export function only(tag: number, bytes: Buffer): Buffer {
  const value = valueAt(bytes, 0);
  if (value.whole.length !== bytes.length) throw new Error('DER: something follows the value');
  return contentOf(tag, value);
}

/** What a value holds. Throws if it has another tag or is missing. */
export function contentOf(tag: number, value: DerValue | undefined): Buffer {
  if (value?.tag !== tag) throw new Error(`DER: a value of tag ${tag} was expected`);
  return value.content;
}

function valueAt(bytes: Buffer, start: number): DerValue {
  const [tag, first] = [bytes[start], bytes[start + 1]];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new Error('DER: no value');
  const more = first < 0x80 ? 0 : first & 0x7f;
  const begin = start + 2 + more;
  const length = more === 0 ? first : longLength(bytes.subarray(start + 2, begin), more);
  const end = begin + length;
  if (first === 0x80 || end > bytes.length) throw new Error('DER: a length that does not fit');
  return { tag, content: bytes.subarray(begin, end), whole: bytes.subarray(start, end) };
}

/** No byte more than it takes. */
function longLength(bytes: Buffer, count: number): number {
  if (count > 4 || bytes.length < count) throw new Error('DER: a length that does not fit');
  const length = bytes.readUIntBE(0, count);
  if (length < 0x80 || bytes[0] === 0) throw new Error('DER: a length that is not written in the shortest way');
  return length;
}
