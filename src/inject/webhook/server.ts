// The webhooks' HTTPS server: every request is bounded in size and time, and none takes the process down.
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { JsonObject } from '../../lib/json.ts';
import { type Review, readReview, reviewAnswer, type Verdict } from './review.ts';

/** Decides about one object, by path: `/inject`. */
export type Webhooks = Readonly<Record<string, (review: Review) => Verdict>>;

/** How a request ended. */
export type WebhookEvent = 'answered' | 'bad-request' | 'fault';

/** The certificate that API servers are shown, PEM texts; it may be replaced at any time. */
export interface WebhookMaterial {
  options(): Pick<SecureContextOptions, 'cert' | 'key'>;
  /** Returns what ends the listening. */
  onChange(listener: () => void): () => void;
}

export interface WebhookOptions {
  readonly host: string;
  readonly port: number;
  readonly material: WebhookMaterial;
  readonly webhooks: Webhooks;
  readonly onEvent: (event: WebhookEvent, error?: unknown) => void;
  /** The largest body, in bytes; an API server sends none above 3 MiB. */
  readonly mostBytes?: number;
}

export interface WebhookServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Half of the longest that an API server may wait. */
const timeout = 5000;

/** Starts listening. Rejects with the system's error where the address cannot be had. */
export async function startWebhooks(options: WebhookOptions): Promise<WebhookServer> {
  const { host, material } = options;
  const server = createServer(
    {
      ...contextOf(material),
      requestTimeout: timeout,
      headersTimeout: timeout,
      handshakeTimeout: timeout,
    },
    listener(options),
  );
  server.maxConnections = 1000;
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.on('clientError', (_, socket) => socket.destroy());
  const stop = material.onChange(() => server.setSecureContext(contextOf(material)));
  server.listen(options.port, host);
  await once(server, 'listening');
  return {
    host,
    port: (server.address() as AddressInfo).port,
    close: async () => {
      stop();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function contextOf(material: WebhookMaterial): SecureContextOptions {
  const { cert, key } = material.options();
  return { cert, key, minVersion: 'TLSv1.2' };
}

function listener({ webhooks, onEvent, mostBytes = 8 * 1024 * 1024 }: WebhookOptions): RequestListener {
  return (request, response) => {
    const refuse = (status: number, text: string): void => {
      onEvent('bad-request');
      end(response, status, 'text/plain; charset=utf-8', `${text}\n`);
    };
    const [path = ''] = (request.url ?? '').split('?', 1);
    const decide = Object.hasOwn(webhooks, path) ? webhooks[path] : undefined;
    if (decide === undefined) return refuse(404, `there are ${Object.keys(webhooks).join(', ')}`);
    if (request.method !== 'POST') return refuse(405, 'only POST');
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
      return refuse(415, 'only application/json');
    readBody(request, mostBytes).then(
      (body) => {
        if (body === null) return refuse(413, `the body has more than ${mostBytes} bytes`);
        const read = readReview(body);
        if (read.kind === 'bad') return refuse(400, read.why);
        end(response, 200, 'application/json', JSON.stringify(answer(read.review, decide, onEvent)));
      },
      () => response.destroy(),
    );
  };
}

/** A fault of ours denies the object, and says so: nothing passes that was not judged. */
function answer(review: Review, decide: (review: Review) => Verdict, onEvent: WebhookOptions['onEvent']): JsonObject {
  try {
    const verdict = decide(review);
    onEvent('answered');
    return reviewAnswer(review, verdict);
  } catch (error) {
    onEvent('fault', error);
    return reviewAnswer(review, {
      kind: 'denied',
      message: 'Sluice failed on this object: please report it',
      warnings: [],
    });
  }
}

/** The body; null if it is larger than allowed, whose rest is not read. */
async function readBody(request: IncomingMessage, most: number): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > most) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'x-content-type-options': 'nosniff',
    ...(status === 200 ? {} : { connection: 'close' }),
  });
  response.end(body);
}
