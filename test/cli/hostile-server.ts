// An HTTP server that answers every request with what a test wants.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Starts it; gives its `http://…`. It ends with the test. */
export async function answering(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers every request with this JSON. */
export const json =
  (value: unknown): RequestListener =>
  (_, response) =>
    response.end(JSON.stringify(value));

/** Text that would steer a terminal, and how no output may have it. */
export const escapes = '\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\r\n';
export const steering = /[^\P{Cc}\n\t]|[\u202a-\u202e]/u;
