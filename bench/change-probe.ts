// A service that is pointed at one backend after the other, and an Envoy that follows: what it takes until requests do.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bootstrap } from '../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../src/inject/launcher.ts';

/** Service port 80 is found there. */
const portOffset = 18_000;

/** A backend that answers with its name. */
export async function backend(name: string, host = '127.0.0.1'): Promise<Server> {
  const server = createServer((_, response) => response.end(name));
  server.listen(0, host);
  await once(server, 'listening');
  return server;
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

export const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Who answers a request for the service that changes; empty where nobody does. */
function ask(): Promise<string> {
  return new Promise((resolve) => {
    const call = request({ agent, host: '127.0.0.1', port: 80 + portOffset, headers: { host: 's0' } }, (response) => {
      let text = '';
      response.on('data', (data) => {
        text += data;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : ''));
    });
    call.on('error', () => resolve(''));
    call.end();
  });
}

/** Milliseconds until the answer comes from `name`. */
export async function until(name: string): Promise<number> {
  const start = performance.now();
  while ((await ask()) !== name) if (performance.now() - start > 60_000) throw new Error(`${name} never answered`);
  return performance.now() - start;
}

export const rank = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);

export function startEnvoy(folder: string, xdsPort: number): Promise<EnvoyProcess> {
  const node = { ip: '127.0.0.1', name: 'bench', namespace: 'default', interception: 'NONE', portOffset } as const;
  const config = bootstrap({
    node,
    xds: { host: '127.0.0.1', port: xdsPort },
    protocol: 'delta',
    admin: { host: '127.0.0.1', port: 0 },
    runtime: {},
  });
  const binary = findEnvoy(undefined);
  return EnvoyProcess.start({ bootstrap: config, binary, launchedBy: [], concurrency: 1, logLevel: 'error', folder });
}

/** Starts `sluice serve` with these words and gives its xDS port once it listens. */
export async function serve(
  words: readonly string[],
): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const program = join(import.meta.dirname, '../bin/sluice');
  const free = ['--xds-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const child = spawn(program, ['serve', ...words, ...free], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface(child.stderr)) {
    const port = line.startsWith('listening ') ? line.split('xds=127.0.0.1:')[1]?.split(' ')[0] : undefined;
    if (port === undefined) continue;
    child.stderr.resume();
    return { process: child, port: Number(port) };
  }
  throw new Error('sluice ended before it listened');
}
