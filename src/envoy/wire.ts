// The protobuf wire format, as far as messages are put together from parts that are encoded already, and taken apart
// without decoding what nobody asks for.
import protobuf from 'protobufjs';
import { messageType } from './descriptors.ts';

/** A part of a message: it knows its length before it is written, so that a message is written once, in one place. */
export interface Piece {
  readonly length: number;
  /** Writes it into the target; it ends at `at + length`. */
  write(target: Buffer, at: number): void;
}

const varintLength = (value: number): number => {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
};

/** Gives where it ends. */
function writeVarint(target: Buffer, at: number, value: number): number {
  let end = at;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) end = target.writeUInt8((rest % 0x80) | 0x80, end);
  return target.writeUInt8(rest, end);
}

/** A field of wire type 2: its payload is a string, bytes, or a message of pieces. */
class Delimited implements Piece {
  readonly length: number;
  readonly #tag: number;
  readonly #payload: string | Uint8Array | readonly Piece[];
  readonly #payloadLength: number;

  constructor(field: number, payload: string | Uint8Array | readonly Piece[]) {
    this.#tag = field * 8 + 2;
    this.#payload = payload;
    this.#payloadLength = sizeOf(payload);
    this.length = varintLength(this.#tag) + varintLength(this.#payloadLength) + this.#payloadLength;
  }

  write(target: Buffer, at: number): void {
    const payload = this.#payload;
    const from = writeVarint(target, writeVarint(target, at, this.#tag), this.#payloadLength);
    if (typeof payload === 'string') target.write(payload, from);
    else if (payload instanceof Uint8Array) target.set(payload, from);
    else writeAll(payload, target, from);
  }
}

function sizeOf(payload: string | Uint8Array | readonly Piece[]): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof Uint8Array ? payload.length : lengthOf(payload);
}

/** A field with a string. */
export const textField = (field: number, text: string): Piece => new Delimited(field, text);
/** A field with bytes, or with a message that is encoded already. */
export const bytesField = (field: number, bytes: Uint8Array): Piece => new Delimited(field, bytes);
/** A field with a message that consists of these. */
export const messageField = (field: number, pieces: readonly Piece[]): Piece => new Delimited(field, pieces);

/** A field of wire type 0 with a whole number that is not negative. */
export function numberField(field: number, value: number): Piece {
  return {
    length: varintLength(field * 8) + varintLength(value),
    write: (target, at) => writeVarint(target, writeVarint(target, at, field * 8), value),
  };
}

/** What is encoded already, as it is. */
export const ready = (bytes: Uint8Array): Piece => ({
  length: bytes.length,
  write: (target, at) => target.set(bytes, at),
});

const lengthOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

function writeAll(pieces: readonly Piece[], target: Buffer, from: number): void {
  let at = from;
  for (const piece of pieces) {
    piece.write(target, at);
    at += piece.length;
  }
}

/** The pieces, one after the other, in a Buffer of their own (never a slice of a pool that it would keep alive). */
export function joinPieces(pieces: readonly Piece[]): Buffer {
  const result = Buffer.allocUnsafeSlow(lengthOf(pieces));
  writeAll(pieces, result, 0);
  return result;
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
