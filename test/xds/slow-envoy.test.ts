// A real Envoy that stands still, and one whose streams end with age: both have the newest state in the end.
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import type { Protocol } from '../harness/ads-client.ts';
import { bootstrap, counters, startEnvoy } from './real-envoy.ts';
import { inWorld, type World } from './world.ts';

const look = { within: 20_000, every: 10 };
const one = { cluster: 'a=1', endpoint: 'a=1', listener: 'l=1', route: 'l=x:a' };

const inSync = ({ server }: World): boolean => {
  const types = server.streams().at(-1)?.types ?? [];
  return types.length === 4 && types.every((type) => type.synced);
};

/** A thousand changes while it stands still are one when it goes on, but for what was on its way. */
async function standsStill(world: World): Promise<void> {
  const { provider, server, protocol, events } = world;
  provider.publish(one);
  const envoy = startEnvoy(bootstrap(server.port, protocol));
  const pushes = () => events.filter(({ kind }) => kind === 'pushed').length;
  try {
    await poll(async () => inSync(world) || undefined, { ...look, what: 'the start' });
    const before = pushes();
    envoy.signal('SIGSTOP');
    for (let content = 2; content <= 1_000; content += 1) {
      provider.publish({ endpoint: `a=${content}`, cluster: `a=${content}` });
      if (content % 100 === 0) await new Promise(setImmediate);
    }
    expect(pushes() - before).toBeLessThanOrEqual(2);
    envoy.signal('SIGCONT');
    const newest = async () => {
      const clusters = await envoy.admin('/clusters');
      return (clusters.includes('a::127.0.0.11:10000::') && inSync(world)) || undefined;
    };
    await poll(newest, { ...look, what: 'the newest endpoints' });
    // At most what was on its way of each type, an overtaking one, and the newest.
    expect(pushes() - before).toBeLessThanOrEqual(8);
    expect((await counters(envoy)).get('cluster_manager.warming_clusters')).toBe(0);
  } finally {
    envoy.signal('SIGCONT');
    await envoy.stop();
  }
}

/** Streams that end all the time, under requests. */
async function ages(world: World): Promise<void> {
  const { provider, server, protocol, events } = world;
  const backend = createServer((_request, response) => response.end('served')).listen(9777, '127.0.0.11');
  provider.publish({ ...one, endpoint: 'a=777' });
  const envoy = startEnvoy(bootstrap(server.port, protocol));
  const streams = () => events.filter(({ kind }) => kind === 'connected').length;
  try {
    // Envoy lists a listener a moment before it takes connections there.
    const serving = async () => {
      const found = await listenerOf(envoy.admin);
      return found !== undefined && (await fetch(`http://${found}/`)).ok ? found : undefined;
    };
    const address = await poll(() => serving().catch(() => undefined), { ...look, what: 'the listener' });
    const failed: string[] = [];
    let requests = 0;
    while (streams() < 5) {
      requests += 1;
      const answer = await fetch(`http://${address}/`).then((response) => response.text(), String);
      if (answer !== 'served') failed.push(answer);
    }
    expect([failed, requests > 5]).toEqual([[], true]);
    const stats = await counters(envoy);
    const modified = ['cluster_manager.cluster_modified', 'listener_manager.listener_modified'];
    expect(modified.map((name) => stats.get(name))).toEqual([0, 0]);
  } finally {
    await envoy.stop();
    backend.close();
  }
}

async function listenerOf(admin: (path: string) => Promise<string>): Promise<string | undefined> {
  const listeners = (await admin('/listeners')).split('\n');
  return listeners.find((line) => line.startsWith('l::'))?.slice(3);
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('R-30: an Envoy that is stopped for a thousand changes has the newest state when it goes on', () =>
    inWorld(protocol, standsStill));
});

test('R-49: streams of an Envoy end at their age, and no request is lost', () =>
  inWorld('delta', ages, { streamAge: 400 }));
