// Reads a file as the operating system has it: bounded, and knowing whether it changed meanwhile.
import { isUtf8 } from 'node:buffer';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { SourceLimits } from './limits.ts';
import { brokenFile, type ParsedFile } from './yaml.ts';

/** Tells two states of a file apart without reading it. */
export interface Fingerprint {
  readonly inode: string;
  readonly state: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

export type FileReading =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly fingerprint: Fingerprint }
  | { readonly kind: 'too-large'; readonly fingerprint: Fingerprint }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable'; readonly reason: string };

const readElsewhere = promisify(read);

const most = 3;
/** So many bytes are read sooner than another thread could be asked to. */
const readAtOnce = 64 * 1024;

/** The state of a file that `stat` tells. */
export function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs, mtimeMs }: BigIntStats): Fingerprint {
  const inode = [dev, ino].join(':');
  const state = [inode, size, mtimeNs, ctimeNs].join(':');
  return { inode, state, size: Number(size), modified: Number(mtimeMs) };
}

/** Reads a file whole; a small one is read sooner than another thread could be asked to. If it changes meanwhile it is read again, but not for ever: who writes it will write again. */
export async function readWhole(path: string, { fileBytes }: SourceLimits): Promise<FileReading> {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      return await readOpen(descriptor, BigInt(fileBytes));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return isGone(error) ? { kind: 'gone' } : { kind: 'unreadable', reason: reasonOf(error) };
  }
}

async function readOpen(descriptor: number, fileBytes: bigint): Promise<FileReading> {
  let before = fstatSync(descriptor, { bigint: true });
  for (let attempt = 1; ; attempt += 1) {
    if (!before.isFile()) return { kind: 'unreadable', reason: 'it is not a regular file' };
    const fingerprint = fingerprintOf(before);
    if (before.size > fileBytes) return { kind: 'too-large', fingerprint };
    const bytes = Buffer.allocUnsafe(Number(before.size));
    const length = await fill(descriptor, bytes);
    const after = fstatSync(descriptor, { bigint: true });
    if (attempt === most || fingerprintOf(after).state === fingerprint.state) {
      return { kind: 'bytes', bytes: bytes.subarray(0, length), fingerprint };
    }
    before = after;
  }
}

async function fill(descriptor: number, bytes: Buffer): Promise<number> {
  let length = 0;
  while (length < bytes.length) {
    const at = [bytes, length, bytes.length - length, length] as const;
    const small = bytes.length <= readAtOnce;
    const count = small ? readSync(descriptor, ...at) : (await readElsewhere(descriptor, ...at)).bytesRead;
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** The file's text if it can be read now and is no larger than allowed; else null. */
export function readTextNow(path: string, { fileBytes }: SourceLimits): string | null {
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= fileBytes ? readFileSync(path).toString() : null;
  } catch {
    return null;
  }
}

/** Whether there is a file at the path, and no link to one. */
export function isRegularFile(path: string): boolean {
  try {
    return lstatSync(path).isFile();
  } catch {
    return false;
  }
}

/** UTF-8 as text; bytes that are none are the finding of a broken file. */
export function decodeText(bytes: Buffer): string | ParsedFile {
  return isUtf8(bytes) ? bytes.toString() : brokenFile({ code: 'SLC0001', ...firstBad(bytes), message });
}

const message = 'the file is not UTF-8 text';

function firstBad(bytes: Buffer): { readonly line: number; readonly column: number } {
  let line = 1;
  for (let at = 0; at < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, at);
    const part = bytes.subarray(at, end === -1 ? bytes.length : end);
    if (!isUtf8(part)) return { line, column: part.toString().indexOf('\ufffd') + 1 };
    at = end === -1 ? bytes.length : end + 1;
  }
  return { line: 1, column: 1 };
}

/** Whether an error of the file system says that there is nothing at the path. */
export function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'its symbolic links form a circle',
  ENAMETOOLONG: 'its name is too long',
  EISDIR: 'it is a folder',
};

/** Why the file system refused, in words. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return reasons[code] ?? (code === '' ? String(error) : code);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
