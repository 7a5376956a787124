// Make before break over real gRPC: R-25, for SotW and delta.
import { describe, expect, test } from 'vitest';
import type { XdsTimers } from '../../src/xds/server-options.ts';
import type { AdsClient, Protocol } from '../harness/ads-client.ts';
import { held, inWorld, silent, text, type World } from './world.ts';

/** A client that has the cluster a and a route to it. */
async function routed({ provider, connect }: World): Promise<AdsClient> {
  provider.publish({ cluster: 'a=1', endpoint: 'a=1 b=1', listener: 'l=1', route: 'l=x:a,y:a' });
  const client = connect();
  client.subscribe('cluster');
  await client.take('cluster');
  client.subscribe('listener');
  await client.take('listener');
  client.subscribe('route', 'l');
  await client.take('route');
  return client;
}

type Case = readonly [sentence: string, run: (world: World) => Promise<void>, timers?: Partial<XdsTimers>];

const cases: readonly Case[] = [
  [
    'a route to a new cluster is not sent before the cluster is acknowledged, and the old cluster goes last',
    async (world) => {
      const client = await routed(world);
      world.provider.publish({ cluster: 'b=1', route: 'l=x:b,y:b' });
      const clusters = await client.next('cluster');
      expect(clusters.resources.has('b')).toBe(true);
      expect(await silent(client, 'route')).toBe(true);
      client.ack(clusters);
      expect(text(await client.take('route'))).toBe('l=x:b,y:b');
      await client.take('cluster');
      expect(held(client, 'cluster')).toBe('b=1');
      expect(client.log.at(-1)?.kind).toBe('cluster');
    },
  ],
  [
    'a cluster that is never acknowledged delays its own virtual host and no other',
    async (world) => {
      const client = await routed(world);
      world.provider.publish({ cluster: 'a=1 b=1', route: 'l=x:b,y:503' });
      await client.next('cluster');
      expect(text(await client.take('route'))).toBe('l=x:a,y:503');
    },
  ],
  [
    'what is held longer than the deadline is reported, and stays held',
    async (world) => {
      const client = await routed(world);
      world.provider.publish({ cluster: 'a=1 b=1', route: 'l=x:b,y:a' });
      const clusters = await client.next('cluster');
      const reported = () => world.events.find((event) => event.kind === 'held');
      while (reported() === undefined) await world.onceEvent();
      expect(reported()).toMatchObject({ type: 'route', count: 1, names: ['l/x'], node: 'test' });
      expect(world.server.streams()[0]?.types.find(({ kind }) => kind === 'route')?.synced).toBe(false);
      expect(client.untaken('route')).toBe(0);
      client.ack(clusters);
      expect(text(await client.take('route'))).toBe('l=x:b,y:a');
    },
    { gateDeadline: 30 },
  ],
  [
    'a cluster is removed when the connections to it had time to drain',
    async (world) => {
      const client = await routed(world);
      world.provider.publish({ cluster: 'b=1', route: 'l=x:b,y:b' });
      await client.take('cluster');
      await client.take('route');
      const before = performance.now();
      await client.take('cluster');
      expect(performance.now() - before).toBeGreaterThan(90);
      expect(held(client, 'cluster')).toBe('b=1');
    },
    { drain: 100 },
  ],
];

describe.each<Protocol>(['sotw', 'delta'])('R-25 %s', (protocol) => {
  for (const [sentence, run, timers] of cases) test(sentence, () => inWorld(protocol, run, timers));
});
