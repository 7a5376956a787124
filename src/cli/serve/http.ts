// The HTTP server beside xDS: whether the process lives, whether it is ready, and its metrics.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from './address.ts';
import type { Pages } from './debug.ts';

export interface HttpServer extends Address {
  close(): Promise<void>;
}

/** What the server answers from. */
export interface HttpContent {
  /** Whether there is configuration to serve. */
  readonly ready: () => boolean;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** What else there is, once it is known where the server listens. */
  readonly pages?: (listening: Address) => Pages;
}

/** Starts listening. Rejects with the system's error where the address cannot be had. */
export async function startHttpServer({ host, port }: Address, content: HttpContent): Promise<HttpServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, answer(content, { host, port }));
  server.maxConnections = 1000;
  server.listen(port, host);
  await once(server, 'listening');
  // With an error listener of its own a broken connection is no uncaught exception.
  server.on('clientError', (_, socket) => socket.destroy());
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { host, port: (server.address() as AddressInfo).port, close };
}

function answer({ ready, metrics, pages }: HttpContent, address: Address): RequestListener {
  const more = pages?.(address);
  return ({ method, url = '', headers }, response) => {
    const [path] = url.split('?', 1);
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      response.end(method === 'HEAD' ? undefined : body);
    };
    const end = (status: number, text: string): void => send(status, 'text/plain; charset=utf-8', `${text}\n`);
    const known = method === 'GET' || method === 'HEAD';
    const page = known ? more?.({ url, host: headers.host }) : null;
    if (!known) end(405, 'only GET and HEAD');
    else if (page !== null && page !== undefined) send(page.status, page.type, page.body);
    else if (path === '/healthz') end(200, 'ok');
    else if (path === '/readyz') end(ready() ? 200 : 503, ready() ? 'ready' : 'not ready: nothing is published yet');
    else if (path === '/metrics') {
      metrics.text().then(
        (text) => send(200, metrics.contentType, text),
        () => end(500, 'the metrics could not be read'),
      );
    } else end(404, 'not found: there are /healthz, /readyz, /metrics and, on a loopback address, /debug/proxies');
  };
}
