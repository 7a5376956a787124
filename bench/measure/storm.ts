// The control plane is killed while many proxies are connected, and comes back.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Load } from '../load.ts';
import type { Storm } from '../results.ts';
import { lastingPort, type Server, startSluice } from '../servers.ts';
import { usageOf } from '../usage.ts';
import type { YamlFolder } from '../yaml-folder.ts';
import { longestStall } from './event-loop.ts';
import { loadFlags } from './served.ts';
import type { Workspace } from './workspace.ts';

/** No other change has this address. */
const marker = '10.251.0.1';

/**
 * Kills Sluice under its proxies and starts it again. The clock runs from the moment at which it is ready until the last
 * proxy is in sync: `cold` proxies have forgotten everything, `warm` ones ask for what differs from what they have, and
 * are in sync when they have a change that was made while the server was away.
 */
export async function measureStorm(work: Workspace, state: 'cold' | 'warm'): Promise<Storm> {
  const [folder, proxies, port] = [await work.yaml('storm'), work.proxies('storm'), await lastingPort()];
  let server = await startSluice(folder, { port });
  const { load } = await Load.start(loadFlags(server, proxies));
  try {
    const steadyMemory = usageOf(server.pid).memory;
    await load.expectStorm(state === 'warm' ? marker : null);
    await server.kill();
    if (state === 'warm') await editOne(folder);
    server = await startSluice(folder, { port });
    const sync = await readyAgain(server, load);
    return { steadyMemory, ...sync };
  } finally {
    await load.close();
    await server.kill();
  }
}

async function readyAgain(server: Server, load: Load): Promise<Omit<Storm, 'steadyMemory'>> {
  // Reading it begins it anew: its own start-up is no stall, nobody waited for an answer.
  const [sync] = await Promise.all([load.ready(server.pid), longestStall(server)]);
  return { sync, stallMs: await longestStall(server) };
}

async function editOne({ config, edits }: YamlFolder): Promise<void> {
  const file = 'svc-00000.yaml';
  const text = await readFile(join(edits, file), 'utf8');
  await writeFile(join(config, file), text.replaceAll('{marker}', marker));
}
