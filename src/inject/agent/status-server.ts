// What the agent answers beside Envoy: whether the sidecar is ready, the workload's probes, Envoy's metrics.
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EnvoyAdmin } from '../envoy-admin.ts';
import type { AppProbe } from '../pod/probes.ts';
import { askWorkload, type Workload } from './ask-workload.ts';

export interface StatusPorts {
  /** For the workload's probes, and the rest. */
  readonly agent: number;
  readonly readiness: number;
  readonly metrics: number;
}

export interface StatusContent {
  /** Whether Envoy has its configuration and is not about to end. */
  readonly ready: () => Promise<boolean>;
  readonly probes: readonly AppProbe[];
  readonly workload: Workload;
  readonly admin: EnvoyAdmin;
}

export interface StatusServer {
  /** Where it listens. */
  readonly ports: StatusPorts;
  close(): Promise<void>;
}

/** Listens on all addresses of the pod. Rejects with the system's error where a port cannot be had; then on none. */
export async function startStatusServer(ports: StatusPorts, content: StatusContent): Promise<StatusServer> {
  const opened: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(closeServer));
  };
  const open = async (port: number): Promise<number> => {
    const server = createServer(
      { requestTimeout: 10_000, headersTimeout: 10_000 },
      ({ method, url = '' }, response) => {
        answer(method === 'GET' || method === 'HEAD' ? url : null, response, content).catch(() =>
          end(response, 500, 'failed'),
        );
      },
    );
    server.maxConnections = 200;
    server.on('clientError', (_, socket) => socket.destroy());
    server.listen(port);
    await once(server, 'listening');
    opened.push(server);
    return (server.address() as AddressInfo).port;
  };
  try {
    const agent = await open(ports.agent);
    const readiness = await open(ports.readiness);
    return { ports: { agent, readiness, metrics: await open(ports.metrics) }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}

async function answer(url: string | null, response: ServerResponse, content: StatusContent): Promise<void> {
  const [path] = url?.split('?', 1) ?? [];
  if (path === undefined) return end(response, 405, 'only GET and HEAD');
  if (path === '/healthz/ready') {
    const ready = await content.ready();
    return end(response, ready ? 200 : 503, ready ? 'ready' : 'not ready');
  }
  if (path === '/stats/prometheus') {
    const { status, text } = await content.admin.page(path);
    return end(response, status, text.trimEnd());
  }
  // Only what injection has written down is asked: the paths are no way to anything else.
  const probe = content.probes.find((each) => each.path === path);
  if (probe === undefined) return end(response, 404, 'not found');
  const status = await askWorkload(probe, content.workload);
  end(response, status, status < 400 ? 'well' : 'not well');
}
