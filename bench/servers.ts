// The servers that are compared, and how each is made to change an endpoint.
import { join } from 'node:path';
import { freePortOn } from '../src/cli/demo/free-ports.ts';
import type { Certificates } from './certificates.ts';
import { repository, type ServerProcess, startServer, tool } from './server-process.ts';
import type { Size } from './workloads.ts';
import type { YamlFolder } from './yaml-folder.ts';

export interface Server extends ServerProcess {
  /** Where the load client connects. */
  readonly xds: string;
  /** What tells the load client how to cause a change. */
  readonly trigger: readonly string[];
  /** Where /metrics may be. */
  readonly http: string | null;
}

export interface SluiceOptions {
  /** A port to listen on again; 0: a free one. */
  readonly port?: number;
  readonly certificates?: Certificates;
}

const anyPort = '127.0.0.1:0';

/** `sluice serve` on the folder; resolves when it is ready. With certificates clients come over mutual TLS. */
export async function startSluice(folder: YamlFolder, { port = 0, certificates }: SluiceOptions = {}): Promise<Server> {
  const tls = certificates && ['--tls-dir', certificates.folder, '--xds-tls-address', anyPort];
  const server = await startServer([
    join(repository, 'bin/sluice'),
    ...['serve', '--config', folder.config, '--xds-address', `127.0.0.1:${port}`, '--http-address', anyPort],
    ...['--log-level', 'error', ...(tls ?? [])],
  ]);
  return {
    ...server,
    xds: server.address(tls === undefined ? 'xds' : 'xds-tls'),
    trigger: ['-trigger-files', folder.edits, '-target-folder', folder.config],
    http: server.address('http'),
  };
}

export type Cache = 'linear' | 'snapshot';

/** The server made with go-control-plane. */
export async function startPeer({ services, endpoints }: Size, cache: Cache): Promise<Server> {
  const data = ['-services', String(services), '-endpoints', String(endpoints)];
  return calledServer(await startServer([tool('peer'), ...data, '-cache', cache]));
}

/** The mark that does no translation; `data` is a folder that the peer has dumped its configuration into. */
export async function startPrototype(data: string): Promise<Server> {
  return calledServer(await startServer([process.execPath, join(import.meta.dirname, 'ceiling/prototype.ts'), data]));
}

/** One that is told over HTTP to change an endpoint. */
function calledServer(server: ServerProcess): Server {
  const url = `http://${server.address('admin')}/change?service={service}&marker={marker}`;
  return { ...server, xds: server.address('xds'), trigger: ['-trigger-url', url], http: null };
}

/** The mark for TLS: sends `bytes` bytes to whoever connects. */
export function startTlsMark({ folder }: Certificates, bytes: number): Promise<ServerProcess> {
  return startServer([process.execPath, join(import.meta.dirname, 'ceiling/tls.ts'), folder, String(bytes)]);
}

/** A port that stays ours while the server is away: not one of those that the system gives to outgoing connections. */
export function lastingPort(): Promise<number> {
  return freePortOn(['127.0.0.1']);
}
