// One server under the load client: until all proxies are in sync, and then change by change.
import { Load, type SyncReport } from '../load.ts';
import type { Measured } from '../results.ts';
import type { Server } from '../servers.ts';

/** Who connects, and how. */
export interface Proxies {
  readonly count: number;
  readonly mode: 'delta' | 'sotw';
}

/** The flags of a load client for a server. */
export function loadFlags(server: Server, { count, mode }: Proxies): readonly string[] {
  return ['-addr', server.xds, '-n', String(count), '-mode', mode, '-pid', String(server.pid), ...server.trigger];
}

/** Starts a server, measures how proxies come in sync and how changes reach them, and ends it. */
export async function measureServer(
  start: () => Promise<Server>,
  proxies: Proxies,
  changes: number,
): Promise<Measured> {
  return withLoad(
    start,
    (server) => loadFlags(server, proxies),
    async (load, sync) => ({
      sync,
      changes: await load.changes(changes),
    }),
  );
}

/** Starts a server, measures how proxies come in sync, and ends it. */
export async function measureSync(
  start: () => Promise<Server>,
  proxies: Proxies,
  flags: readonly string[],
): Promise<SyncReport> {
  return withLoad(
    start,
    (server) => [...loadFlags(server, proxies), ...flags],
    async (_, sync) => sync,
  );
}

async function withLoad<T>(
  start: () => Promise<Server>,
  flags: (server: Server) => readonly string[],
  measure: (load: Load, sync: SyncReport) => Promise<T>,
): Promise<T> {
  const server = await start();
  try {
    const { load, sync } = await Load.start(flags(server));
    try {
      return await measure(load, sync);
    } finally {
      await load.close();
    }
  } finally {
    await server.kill();
  }
}
