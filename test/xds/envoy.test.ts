// The real Envoy as a client, SotW and delta: it takes everything, and nothing stays behind.
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { ResourceKind } from '../../src/envoy/types.ts';
import type { Protocol } from '../harness/ads-client.ts';
import { bootstrap, counters, startEnvoy } from './real-envoy.ts';
import { inWorld, type World } from './world.ts';

/** Resolves when Envoy has asked for so many endpoints and routes, and all that it should have is acknowledged. */
async function synced({ server, events, onceEvent }: World, asked: { endpoint: number; route: number }): Promise<void> {
  const names = (type: ResourceKind): number => {
    const last = events.findLast((event) => event.kind === 'subscribed' && event.type === type);
    return last?.kind === 'subscribed' ? last.names : 0;
  };
  const done = (): boolean => {
    const types = server.streams().flatMap((stream) => stream.types);
    const complete = names('endpoint') === asked.endpoint && names('route') === asked.route;
    return complete && types.length === 4 && types.every((type) => type.synced);
  };
  while (!done()) await onceEvent();
}

const troubles = /(update_rejected|update_failure|init_fetch_timeout|warming_clusters|total_listeners_warming)$/;

async function conversation(world: World): Promise<void> {
  const { provider, server, protocol } = world;
  provider.publish({ cluster: 'a=1 b=1', endpoint: 'a=1 b=1', listener: 'l=1', route: 'l=1' });
  const envoy = startEnvoy(bootstrap(server.port, protocol));
  try {
    await synced(world, { endpoint: 2, route: 1 });
    provider.publish({ cluster: 'a=2 b=1' });
    await synced(world, { endpoint: 2, route: 1 });
    provider.publish({ cluster: 'a=2 c=1', endpoint: 'a=2 c=1', listener: 'l=2', route: 'l=2' });
    await synced(world, { endpoint: 2, route: 1 });
    provider.publish({ cluster: 'a=2 b=2', endpoint: 'a=3 b=2', listener: 'l=2 m=1', route: 'l=3 m=1' });
    await synced(world, { endpoint: 2, route: 2 });
    provider.publish({ listener: 'l=2', route: 'l=3' });
    // Its route configuration is still asked for: a listener that goes away drains first.
    await synced(world, { endpoint: 2, route: 2 });
    const stats = await counters(envoy);
    expect([...stats].filter(([name, value]) => troubles.test(name) && value !== 0)).toEqual([]);
    expect(stats.get('cluster_manager.active_clusters')).toBe(3);
    expect(stats.get('listener_manager.total_listeners_active')).toBe(1);
    const listeners = (await envoy.admin('/listeners')).split('\n');
    const address = listeners.find((line) => line.startsWith('l::'))?.slice(3);
    expect((await fetch(`http://${address}/`)).status).toBe(203);
    expect(provider.refusals).toEqual([]);
  } finally {
    await envoy.stop();
  }
}

/** Asks all the time, and counts the answers that are not 200, until it is told to stop. */
function askingAlways(url: string): () => Promise<{ readonly asked: number; readonly failed: readonly string[] }> {
  let stopped = false;
  const failed: string[] = [];
  let asked = 0;
  const asking = (async () => {
    while (!stopped) {
      asked += 1;
      const answer = await fetch(url).then(async (response) => `${response.status} ${await response.text()}`, String);
      if (answer !== '200 served') failed.push(answer);
    }
  })();
  return async () => {
    stopped = true;
    await asking;
    return { asked, failed };
  };
}

/** Switches a route between clusters that come and go, under requests. */
async function switching(world: World): Promise<void> {
  const { provider, server, protocol } = world;
  const backend = createServer((_request, response) => response.end('served')).listen(9001, '127.0.0.11');
  provider.publish({ cluster: 'c0=1', endpoint: 'c0=1', listener: 'l=1', route: 'l=x:c0' });
  const envoy = startEnvoy(bootstrap(server.port, protocol));
  try {
    await synced(world, { endpoint: 1, route: 1 });
    const listeners = (await envoy.admin('/listeners')).split('\n');
    const address = listeners.find((line) => line.startsWith('l::'))?.slice(3);
    const stop = askingAlways(`http://${address}/`);
    for (let round = 1; round <= 50; round += 1) {
      const name = `c${round}`;
      provider.publish({ cluster: `${name}=1`, endpoint: `${name}=1`, route: `l=x:${name}` });
      await synced(world, { endpoint: 1, route: 1 });
    }
    const { asked, failed } = await stop();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(50);
    const stats = await counters(envoy);
    expect([...stats].filter(([name, value]) => troubles.test(name) && value !== 0)).toEqual([]);
    expect(stats.get('cluster_manager.active_clusters')).toBe(2);
  } finally {
    await envoy.stop();
    backend.close();
  }
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('Envoy takes clusters, endpoints, listeners, routes and their changes', () => inWorld(protocol, conversation));

  test('R-25: no request fails while a route is switched to new clusters fifty times', () =>
    inWorld(protocol, switching));
});
