// Lists of names. A thousand names come again with every answer, and from every proxy: their bytes are compared before they
// are read.
import { memo } from '../lib/memo.ts';

interface NameList {
  readonly bytes: Buffer;
  readonly names: readonly string[];
}

/** In bytes: of the lists that are kept, those that were asked for last. */
const mostKept = 4 << 20;
const samples = 512;
const kept = new Map<string, NameList>();
let keptBytes = 0;
/** The list that was asked for last: mostly it is asked for again. */
let last: NameList | null = null;

/** The names that `read` finds in the bytes; equal bytes give the same list, as long as it is kept. */
export function namesFrom(bytes: Buffer, read: (bytes: Buffer) => readonly string[]): readonly string[] {
  if (last?.bytes.equals(bytes) !== true) last = keep(bytes, read);
  return last.names;
}

function keep(bytes: Buffer, read: (bytes: Buffer) => readonly string[]): NameList {
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
  return list;
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
