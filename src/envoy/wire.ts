// The protobuf wire format, as far as messages are put together from parts that are encoded already.

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** A field of wire type 2: a string, bytes or a message. */
export function lengthDelimited(field: number, payload: Uint8Array): Buffer {
  const head = [...varint(field * 8 + 2), ...varint(payload.length)];
  const result = Buffer.allocUnsafeSlow(head.length + payload.length);
  result.set(head, 0);
  result.set(payload, head.length);
  return result;
}

/** A string field. */
export function stringField(field: number, text: string): Buffer {
  return lengthDelimited(field, Buffer.from(text));
}
