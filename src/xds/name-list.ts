// The names in a request. A thousand names come again with every answer, and from every proxy: their bytes are compared
// before they are read.
import { memo } from '../lib/memo.ts';

/** What a request says of names, apart from the rest of it. */
export interface SplitRequest {
  /** The fields of `resource_names` or `resource_names_subscribe`, as far as they follow each other. */
  readonly names: Uint8Array;
  /** The other fields, in their order. */
  readonly rest: Uint8Array;
}

/** Of both fields. */
const namesField = 3;
const lengthDelimited = 2;
/** In bytes: fewer are read as they are. */
const fewest = 1 << 10;

/** Cuts out the longest run of names that begins with the first one; null: it is not worth it, or no message. */
export function splitNames(bytes: Uint8Array): SplitRequest | null {
  if (bytes.length < fewest) return null;
  const reader = new FieldReader(bytes);
  let start = -1;
  let end = -1;
  while (reader.at < bytes.length) {
    const from = reader.at;
    const tag = reader.varint();
    if ((tag & 7) !== lengthDelimited) return null;
    reader.skip(reader.varint());
    if (reader.at > bytes.length) return null;
    const isName = tag >>> 3 === namesField;
    if (isName && start < 0) start = from;
    if (isName && (end < 0 || end === from)) end = reader.at;
    else if (isName) return null;
  }
  if (end - start < fewest) return null;
  const names = bytes.subarray(start, end);
  return { names, rest: Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]) };
}

/** Walks over bytes; what is no varint of 32 bits ends far behind them. */
class FieldReader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 7) {
      const byte = this.#bytes[this.at] ?? 0;
      this.at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    this.at = Number.MAX_SAFE_INTEGER;
    return 0;
  }

  skip(length: number): void {
    this.at += length;
  }
}

interface NameList {
  readonly bytes: Buffer;
  readonly names: readonly string[];
}

/** In bytes: of the lists that are kept, those that were asked for last. */
const mostKept = 4 << 20;
const samples = 512;
const kept = new Map<string, NameList>();
let keptBytes = 0;

/** The names that `read` finds in the bytes; equal bytes give the same list, as long as it is kept. */
export function namesFrom(bytes: Uint8Array, read: (bytes: Uint8Array) => readonly string[]): readonly string[] {
  const key = fingerprint(bytes);
  const known = kept.get(key);
  const list = known?.bytes.equals(bytes) === true ? known : { bytes: Buffer.from(bytes), names: read(bytes) };
  forget(key);
  kept.set(key, list);
  keptBytes += list.bytes.length;
  for (const [oldest] of kept) {
    if (keptBytes <= mostKept) break;
    forget(oldest);
  }
  return list.names;
}

/** From a few of the bytes: whether they are the same is looked at after it. */
function fingerprint(bytes: Uint8Array): string {
  const stride = Math.ceil(bytes.length / samples);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += stride) sum = (Math.imul(sum, 31) + (bytes[at] ?? 0)) | 0;
  return `${bytes.length} ${sum}`;
}

function forget(key: string): void {
  keptBytes -= kept.get(key)?.bytes.length ?? 0;
  kept.delete(key);
}

/** From how many names on it is worth to remember what was computed from a list. */
const many = 16;

/** `compute`, remembered for long lists. */
export function ofList<T>(compute: (names: readonly string[]) => T): (names: readonly string[]) => T {
  const remembered = memo(compute);
  return (names) => (names.length < many ? compute(names) : remembered(names));
}
