// What the server does beyond the protocol's conversation: who is let in, what is shared, what a fault does, how it ends.
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { encoded, type XdsResource } from '../../src/envoy/resource.ts';
import { startXdsServer } from '../../src/xds/server.ts';
import type { XdsTimers } from '../../src/xds/server-options.ts';
import { metadata, type Protocol } from '../harness/ads-client.ts';
import { make } from './resources.ts';
import { held, inWorld, silent, text, type World } from './world.ts';

const range = (count: number): number[] => [...new Array(count).keys()];

type Case = readonly [sentence: string, run: (world: World) => Promise<void>, timers?: Partial<XdsTimers>];

const admission: readonly Case[] = [
  [
    'R-19: a first request without a node, or with one that is no good, ends the stream',
    async ({ connect }) => {
      for (const [node, reason] of [
        [null, 'has to name its node'],
        [{ id: '' }, 'node.id is empty'],
        [{ id: 'x', metadata: metadata({ PORT_OFFSET: 'x' }) }, 'PORT_OFFSET'],
      ] as const) {
        const client = connect({ node });
        client.subscribe('cluster');
        const { code, details } = await client.ended;
        expect([code, details]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining(reason)]);
      }
    },
  ],
  [
    'the node of the first request holds: the same again is taken, another one ends the stream',
    async ({ connect, provider }) => {
      const client = connect({ node: { id: 'sidecar~10.0.0.1~web.shop~x' } });
      const type_url = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
      client.subscribe('cluster');
      await client.take('cluster');
      client.request({ type_url, node: { id: 'sidecar~10.0.0.1~web.shop~x', user_agent_name: 'envoy' } });
      client.request({ type_url, node: { id: 'sidecar~10.0.0.1~web.other~x' } });
      expect((await client.ended).code).toBe(status.INVALID_ARGUMENT);
      expect(provider.nodes).toHaveLength(1);
      expect(provider.followers).toBe(0);
    },
  ],
  [
    'bytes that are no request end their stream and no other',
    async ({ connect, provider }) => {
      provider.publish({ cluster: 'a=1' });
      const [good, bad] = [connect(), connect()];
      good.subscribe('cluster');
      await good.take('cluster');
      bad.sendBytes(Buffer.from('not a request'));
      expect((await bad.ended).code).toBe(status.INVALID_ARGUMENT);
      provider.publish({ cluster: 'a=2' });
      expect(text(await good.take('cluster'))).toBe('a=2');
    },
  ],
  [
    'a request of more than 4 MiB, and one without a type, end their stream',
    async ({ connect }) => {
      const [large, untyped] = [connect(), connect()];
      large.sendBytes(Buffer.alloc((4 << 20) + 1));
      untyped.request({});
      expect((await large.ended).code).toBe(status.RESOURCE_EXHAUSTED);
      expect((await untyped.ended).code).toBe(status.INVALID_ARGUMENT);
    },
  ],
  [
    'R-18: a type that nobody knows does not end the stream',
    async ({ connect, protocol }) => {
      const client = connect();
      const field = protocol === 'sotw' ? 'resource_names' : 'resource_names_subscribe';
      client.request({ type_url: 'type.googleapis.com/unknown.Thing', [field]: ['x'] });
      if (protocol === 'delta') expect((await client.next('type.googleapis.com/unknown.Thing')).removed).toEqual(['x']);
      expect(await silent(client, 'cluster')).toBe(true);
    },
  ],
];

const names = range(50).map((index) => `e${index}`);
const large = 'c'.repeat(200_000);

const sending: readonly Case[] = [
  [
    'one changed endpoint is encoded once, however many streams get it',
    async ({ connect, provider }) => {
      const endpoints = new Map(names.map((name) => [name, make('endpoint', name, 1)]));
      provider.publishTables({ endpoint: endpoints });
      const clients = range(20).map(() => connect());
      for (const client of clients) client.subscribe('endpoint', ...names);
      await Promise.all(clients.map((client) => client.take('endpoint')));
      const before = encoded.messages;
      provider.publishTables({ endpoint: new Map([...endpoints, ['e7', make('endpoint', 'e7', 2)]]) });
      const responses = await Promise.all(clients.map((client) => client.take('endpoint')));
      expect(responses.map(text)).toEqual(range(20).map(() => 'e7=2'));
      expect(encoded.messages - before).toBe(1);
    },
  ],
  [
    'a response that goes to many streams is put together once',
    async ({ connect, provider }) => {
      const one = make('route', 'r', 1);
      let asked = 0;
      const counting: XdsResource = {
        ...one,
        version: one.version,
        get bytes() {
          asked += 1;
          return one.bytes;
        },
      };
      provider.publishTables({ route: new Map([['r', counting]]) });
      const clients = range(20).map(() => connect());
      for (const client of clients) client.subscribe('route', 'r');
      await Promise.all(clients.map((client) => client.take('route')));
      // The garbage collector may take the shared bytes in between.
      expect(asked).toBeLessThan(5);
    },
  ],
  [
    'R-30: a client that does not read is not written to, and gets the newest state when it reads again',
    async ({ connect, provider, events }) => {
      const [slow, quick] = [connect({ node: { id: 'slow' } }), connect()];
      provider.publish({ cluster: `${large}=1` });
      quick.subscribe('cluster');
      await quick.take('cluster');
      slow.pauseReading();
      slow.subscribe('cluster');
      for (const content of range(60)) {
        provider.publish({ cluster: `${large}=${content + 2}` });
        await quick.take('cluster');
      }
      // The client's library reads 16 messages ahead.
      expect(events.filter(({ kind, node }) => kind === 'pushed' && node === 'slow').length).toBeLessThan(20);
      slow.resumeReading();
      while (held(slow, 'cluster') !== `${large}=61`) await slow.take('cluster');
    },
    { supersedeAfter: 0 },
  ],
];

const ending: readonly Case[] = [
  [
    'R-36: a fault in one stream ends that stream with INTERNAL and nothing else',
    async ({ connect, provider }) => {
      provider.publish({ cluster: 'a=1' });
      const [bad, good] = [connect({ node: { id: 'fault' } }), connect()];
      for (const client of [bad, good]) client.subscribe('cluster');
      expect((await bad.ended).code).toBe(status.INTERNAL);
      expect(text(await good.take('cluster'))).toBe('a=1');
    },
  ],
  [
    'when the server stops, streams end with UNAVAILABLE and the port is free',
    async ({ connect, server, provider }) => {
      const client = connect();
      client.subscribe('cluster');
      await client.take('cluster');
      await server.close();
      expect((await client.ended).code).toBe(status.UNAVAILABLE);
      await (await startXdsServer({ provider, port: server.port })).close();
    },
  ],
  [
    'a client that does not read does not keep the server from stopping',
    async ({ connect, server, provider, onceEvent }) => {
      provider.publish({ cluster: `${'c'.repeat(10 << 20)}=1` });
      const client = connect();
      client.pauseReading();
      client.subscribe('cluster');
      while (server.streams()[0]?.types[0] === undefined) await onceEvent();
      await server.close();
    },
    { closeGrace: 50 },
  ],
  [
    'streams() tells what every client has',
    async ({ connect, server, provider, protocol }) => {
      provider.publish({ cluster: 'a=1' });
      const client = connect({ node: { id: 'sidecar~10.0.0.1~web.shop~x' } });
      client.subscribe('cluster');
      const { version } = await client.take('cluster');
      expect(await silent(client, 'cluster')).toBe(true);
      const [stream] = server.streams();
      expect([stream?.protocol, stream?.node.name]).toEqual([protocol, 'web']);
      const cluster = { kind: 'cluster', sent: version, acknowledged: version, synced: true, error: null };
      expect(stream?.types).toContainEqual(expect.objectContaining(cluster));
    },
  ],
];

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  for (const [sentence, run, timers] of [...admission, ...sending, ...ending]) {
    test(sentence, () => inWorld(protocol, run, timers));
  }
});

test('R-22: a response with a name twice is never sent: it ends the stream as a fault of ours', () =>
  inWorld('sotw', async ({ connect, provider, events }) => {
    const one = make('cluster', 'a', 1);
    provider.publishTables({ cluster: new Map(Object.entries({ a: one, b: make('cluster', 'a', 2) })) });
    const client = connect();
    client.subscribe('cluster');
    expect((await client.ended).code).toBe(status.INTERNAL);
    expect(events.filter(({ kind }) => kind === 'pushed')).toEqual([]);
  }));

test('R-03: who forgets to ask for clusters is made to start anew, but only once', () =>
  inWorld(
    'delta',
    async ({ connect, provider, events, onceEvent }) => {
      provider.publish({ listener: 'l=1' });
      const noticed = (): number => events.filter(({ kind }) => kind === 'clusterless').length;
      const forgetful = connect();
      forgetful.subscribe('listener');
      await forgetful.take('listener');
      expect((await forgetful.ended).code).toBe(status.UNAVAILABLE);
      const again = connect();
      again.subscribe('listener');
      await again.take('listener');
      while (noticed() < 2) await onceEvent();
      provider.publish({ listener: 'l=2' });
      expect(text(await again.take('listener'))).toBe('l=2');
    },
    { gateDeadline: 30 },
  ));

test('a port that is taken is an error with the code EADDRINUSE', () =>
  inWorld('delta', async ({ server, provider }) => {
    await expect(startXdsServer({ provider, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  }));

test('R-20: a client that moves to another replica is sent only what differs from what it holds', () =>
  inWorld('delta', async ({ connect, provider }) => {
    provider.publish({ cluster: 'a=1 b=1 c=1' });
    const before = connect();
    before.subscribe('cluster');
    const { versions } = await before.take('cluster');
    before.close();
    await inWorld('delta', async (replica) => {
      const fresh = ['a', 'b', 'd'].map((name) => [name, make('cluster', name, name === 'b' ? 2 : 1)] as const);
      replica.provider.publishTables({ cluster: new Map(fresh) });
      const client = replica.connect();
      client.resume('cluster', versions);
      expect(text(await client.take('cluster'))).toBe('b=2 d=1 -c');
    });
  }));
