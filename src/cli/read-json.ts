// JSON from outside: an HTTP server, a file, standard input. Whoever is at the other end may be slow, endless or hostile.
import { createReadStream } from 'node:fs';
import type { JsonValue } from '../lib/json.ts';
import { UsageError } from './command.ts';

/** The most that is read, in bytes, and how long an HTTP server may take for it, in milliseconds. */
export interface ReadLimits {
  readonly bytes: number;
  readonly time: number;
}

const defaultLimits: ReadLimits = { bytes: 256 << 20, time: 30_000 };

export interface HttpAnswer {
  readonly status: number;
  /** The value where the status is 200; else the first line of what the server said. */
  readonly body: JsonValue;
}

/** Whom to ask, and what to tell the user of them. */
export interface Server {
  readonly url: string;
  /** Its name in messages. */
  readonly what: string;
  /** What to do where it cannot be reached. */
  readonly advice: string;
}

/** Gets a page; redirects are not followed. Throws UsageError where there is no answer, or none that is JSON. */
export async function getJson(server: Server, limits = defaultLimits): Promise<HttpAnswer> {
  const { url, what, advice } = server;
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(limits.time) }).catch((error) => {
    throw new UsageError(`${what} does not answer (${reasonOf(error, limits)}): ${advice}`);
  });
  const text = await collect(response.body ?? [], what, limits).catch((error) => {
    throw error instanceof UsageError ? error : new UsageError(`${what} broke off (${reasonOf(error, limits)})`);
  });
  const { status } = response;
  return { status, body: status === 200 ? parse(text, what) : text.slice(0, 300).split('\n', 1).join('') };
}

/** Reads a file, or standard input for `-`. Throws UsageError. */
export async function readJsonFile(path: string): Promise<JsonValue> {
  const what = path === '-' ? 'standard input' : path;
  const stream = path === '-' ? process.stdin : createReadStream(path);
  const text = await collect(stream, what, defaultLimits).catch((error) => {
    throw error instanceof UsageError
      ? error
      : new UsageError(`cannot read ${what}: ${reasonOf(error, defaultLimits)}`);
  });
  return parse(text, what);
}

async function collect(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  what: string,
  limits: ReadLimits,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limits.bytes) throw new UsageError(`${what} has more than ${limits.bytes} bytes: it is not read`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string, what: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new UsageError(`what ${what} has to say is not JSON`);
  }
}

/** In a few words: `fetch` hides the system's error inside its own. */
function reasonOf(error: unknown, limits: ReadLimits): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `not within ${limits.time / 1000} s`;
  const inner = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in inner ? String(inner.code) : '';
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOENT: 'there is no such file',
    ENOTFOUND: 'there is no such host',
  };
  return words[code] ?? inner.message;
}
