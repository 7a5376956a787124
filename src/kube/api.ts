// Requests to a Kubernetes API: authenticated by the kubeconfig, bounded in time and size, with errors that tell what to do.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request as startRequest } from 'node:https';
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';
import { type JsonLine, jsonLines } from './json-lines.ts';

/** Who the API is, and how to be let in. Read anew where the API no longer knows us: a token may have been replaced. */
export interface ApiAccess {
  /** Such as https://10.96.0.1:443. */
  readonly server: string;
  /** Fills in certificates, headers and the agent. */
  secure(options: RequestOptions): Promise<void>;
}

/** The API said no, or something that is no answer. */
export class ApiError extends Error {
  readonly status: number;
  /** In milliseconds, where the API said when to come again. */
  readonly retryAfter: number | null;

  constructor(status: number, message: string, retryAfter: number | null = null) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export interface Request {
  readonly path: string;
  /** Something is to be written; absent: to be read. */
  readonly write?: Write;
  readonly accept?: string;
  readonly signal: AbortSignal;
  /** How long silence is borne, in milliseconds. */
  readonly idle: number;
}

export interface Write {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Of a patch; else it is JSON. */
  readonly type?: 'application/merge-patch+json' | 'application/apply-patch+yaml';
  readonly body: JsonObject;
}

/** Larger answers are not read: 500 objects of the largest size that etcd takes would be less. */
const mostBytes = 1 << 30;

export class KubeApi {
  readonly #load: () => ApiAccess;
  #access: ApiAccess;

  /** `load` reads the kubeconfig; it throws where there is none. */
  constructor(load: () => ApiAccess) {
    this.#load = load;
    this.#access = load();
  }

  get server(): string {
    return this.#access.server;
  }

  /** Throws ApiError, or the system's error. */
  async json(request: Request): Promise<JsonObject> {
    const response = await this.#open(request);
    const body = JSON.parse((await bodyOf(response, mostBytes)).toString()) as JsonValue;
    if (isObject(body)) return body;
    throw new ApiError(200, 'the answer is no object');
  }

  /** The events of a watch, as many at a time as have come. Ends as the answer ends; throws as `json` does. */
  async *lines(request: Request): AsyncGenerator<readonly JsonLine[]> {
    const response = await this.#open(request);
    try {
      yield* jsonLines(response);
    } finally {
      response.destroy();
    }
  }

  async #open({ path, write, accept = 'application/json', signal, idle }: Request): Promise<IncomingMessage> {
    const type = write && { 'content-type': write.type ?? 'application/json' };
    const headers = { accept, 'user-agent': 'sluice', ...type };
    const options: RequestOptions = { signal, headers, ...(write && { method: write.method }) };
    await this.#access.secure(options);
    const request = startRequest(new URL(path, this.#access.server), options);
    request.setTimeout(idle, () => request.destroy(new Error(`no word for ${idle / 1000} s`)));
    // What happens after the answer has begun, who reads it is told.
    request.on('error', () => {});
    request.end(write && JSON.stringify(write.body));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { statusCode: status = 0 } = response;
    if (status === 200 || status === 201) return response;
    // Who is not known may be known by the token that there is by now.
    if (status === 401) this.#access = this.#load();
    throw await refusal(status, response);
  }
}

async function refusal(status: number, response: IncomingMessage): Promise<ApiError> {
  const text = await bodyOf(response, 64 << 10).then(String, () => '');
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  const after = Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 300) * 1000 : null;
  return new ApiError(status, messageIn(text) ?? `status ${status}`, after);
}

/** What a `Status` says; bodies of others are not repeated. */
function messageIn(text: string): string | null {
  try {
    const body = JSON.parse(text) as JsonValue;
    return isObject(body) && typeof body['message'] === 'string' ? body['message'].slice(0, 500) : null;
  } catch {
    return null;
  }
}

async function bodyOf(response: IncomingMessage, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > most) {
      response.destroy();
      throw new ApiError(200, `the answer is larger than ${most} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
