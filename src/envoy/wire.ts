// The protobuf wire format, as far as messages are put together from parts that are encoded already, and taken apart
// without decoding what nobody asks for.
import protobuf from 'protobufjs';
import { messageType } from './descriptors.ts';

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

/** What stands before the payload of a field of wire type 2 (a string, bytes or a message) of `length` bytes. */
export function fieldHead(field: number, length: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + 2), ...varint(length)]);
}

/** The parts, one after the other, in a Buffer of their own (never a slice of a pool that it would keep alive). */
export function joinBytes(parts: readonly Uint8Array[]): Buffer {
  const result = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    result.set(part, end);
    end += part.length;
  }
  return result;
}

/** A field of wire type 2: a string, bytes or a message. */
export function lengthDelimited(field: number, payload: Uint8Array): Buffer {
  return joinBytes([fieldHead(field, payload.length), payload]);
}

/** A field of wire type 0 with a whole number that is not negative. */
export function numberField(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

/** A string field. */
export function stringField(field: number, text: string): Buffer {
  return lengthDelimited(field, Buffer.from(text));
}

/**
 * A reader of a few fields of the message `name`; it skips the others, and those listed in `raw` (submessages) it leaves
 * as bytes. Types and numbers are the descriptor's. Throws for a field that the message does not have.
 */
export function partialMessage(name: string, fields: readonly string[], raw: readonly string[] = []): protobuf.Type {
  const source = messageType(name).fields;
  const partial = new protobuf.Type('Partial');
  for (const key of [...fields, ...raw]) {
    const field = source[key];
    if (field === undefined) throw new Error(`${name} has no field ${key}`);
    partial.add(copyField(field, raw.includes(key) ? 'bytes' : field.type));
  }
  new protobuf.Root().add(partial);
  return partial;
}

function copyField(field: protobuf.Field, type: string): protobuf.FieldBase {
  if (field instanceof protobuf.MapField) return new protobuf.MapField(field.name, field.id, field.keyType, type);
  return new protobuf.Field(field.name, field.id, type, field.repeated ? 'repeated' : undefined);
}
