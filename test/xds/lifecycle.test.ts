// When streams are taken, and when they end: admission, limits, deadlines, age, the stop of the server.

import { once } from 'node:events';
import { createServer, connect as dial, type Server } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Admission } from '../../src/xds/admission.ts';
import { requestMeter } from '../../src/xds/request-rate.ts';
import type { defaultLimits } from '../../src/xds/server-options.ts';
import type { AdsClient } from '../harness/ads-client.ts';
import { RawHttp2 } from '../harness/raw-http2.ts';
import { held, inWorld, text } from './world.ts';

const range = (count: number): number[] => [...new Array(count).keys()];
const limits = (given: Partial<typeof defaultLimits>) => ({ limits: given });

/** Asks for everything, as Envoy does. */
async function sync(client: AdsClient): Promise<void> {
  client.subscribe('cluster');
  await client.take('cluster');
  client.subscribe('listener');
  await client.take('listener');
}

test('R-31: only so many streams are brought up to date at a time, and all of them in the end', () =>
  inWorld(
    'delta',
    async ({ connect, provider }) => {
      provider.publish({ cluster: 'a=1', listener: '' });
      const clients = range(40).map((index) => connect({ node: { id: `n${index}` } }));
      // Who is admitted holds its place until it has its listeners.
      for (const client of clients) client.subscribe('cluster');
      await Promise.all(clients.slice(0, 3).map((client) => client.next('cluster')));
      expect(provider.nodes.length).toBeLessThanOrEqual(3);
      await Promise.all(
        clients.map(async (client, index) => {
          if (index >= 3) await client.take('cluster');
          else for (const response of client.log) client.ack(response);
          client.subscribe('listener');
          await client.take('listener');
        }),
      );
      expect(provider.nodes).toHaveLength(40);
    },
    { syncTurn: 60_000 },
    limits({ syncing: 3 }),
  ));

test('R-31: acknowledgements and changes of established streams do not wait behind new ones', () =>
  inWorld(
    'delta',
    async ({ connect, provider }) => {
      provider.publish({ cluster: 'a=1', listener: '' });
      const established = connect();
      await sync(established);
      const [first, second] = [connect(), connect()];
      for (const client of [first, second]) client.subscribe('cluster');
      await Promise.race([first.next('cluster'), second.next('cluster')]);
      provider.publish({ cluster: 'a=2' });
      expect(text(await established.take('cluster'))).toBe('a=2');
      expect(provider.nodes).toHaveLength(2);
    },
    { syncTurn: 60_000 },
    limits({ syncing: 1 }),
  ));

test('R-31: who waits too long, and who finds the queue full, is told to try again', () =>
  inWorld(
    'delta',
    async ({ connect, events }) => {
      const clients = range(5).map(() => connect());
      for (const client of clients) client.subscribe('cluster');
      const ends = await Promise.race([
        Promise.all(clients.map((client) => client.ended)),
        ...range(5).map(async (index) => {
          const others = clients.filter((_, other) => other !== index);
          return Promise.all(others.map((client) => client.ended));
        }),
      ]);
      expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([status.UNAVAILABLE]));
      expect(events.filter(({ kind }) => kind === 'rejected')).toHaveLength(4);
    },
    { syncTurn: 60_000, admissionWait: 50 },
    limits({ syncing: 1, waiting: 2 }),
  ));

test('R-31: ten thousand that leave at the moment they are admitted do not fill the stack', () => {
  const admission = new Admission({ syncing: 1, waiting: 20_000, longestWait: 60_000, longestSync: 60_000 });
  let admitted = 0;
  let letGo = (): void => {};
  admission.enter({
    admitted: (leave) => {
      letGo = leave;
    },
    refused: () => {},
  });
  for (const _ of range(10_000)) {
    admission.enter({
      admitted: (leave) => {
        admitted += 1;
        leave();
      },
      refused: () => {},
    });
  }
  letGo();
  expect(admitted).toBe(10_000);
});

test('R-29: two streams of one node are each served, and the end of one leaves the other', () =>
  inWorld('delta', async ({ connect, provider, server }) => {
    provider.publish({ cluster: 'a=1' });
    const [one, other] = [connect({ node: { id: 'same' } }), connect({ node: { id: 'same' } })];
    for (const client of [one, other]) client.subscribe('cluster');
    await Promise.all([one.take('cluster'), other.take('cluster')]);
    expect(server.streams()).toHaveLength(2);
    one.close();
    await one.ended;
    provider.publish({ cluster: 'a=2' });
    expect(text(await other.take('cluster'))).toBe('a=2');
  }));

const large = 'c'.repeat(900_000);

test('R-30: a client that takes nothing for too long is closed, and the others are not', () =>
  inWorld(
    'delta',
    async ({ connect, provider, events, onceEvent, server }) => {
      const [slow, quick] = [connect({ node: { id: 'slow' } }), connect({ node: { id: 'quick' } })];
      quick.subscribe('cluster');
      await quick.take('cluster');
      slow.pauseReading();
      slow.subscribe('cluster');
      for (let content = 1; !events.some(({ kind }) => kind === 'stalled'); content += 1) {
        provider.publish({ cluster: `${large}=${content}` });
        await Promise.race([quick.take('cluster'), onceEvent()]);
      }
      expect(events.find(({ kind }) => kind === 'stalled')?.node).toBe('slow');
      expect(server.streams().map(({ node }) => node.id)).toEqual(['quick']);
    },
    { write: 2_000, supersedeAfter: 0 },
  ));

test('S-11: a client that asks without end is read more slowly, and still served in the end', () =>
  inWorld(
    'delta',
    async ({ connect, provider, events }) => {
      provider.publish({ cluster: 'a=1', endpoint: 'x=1' });
      const client = connect();
      for (const _ of range(60)) {
        client.subscribe('endpoint', 'x');
        client.unsubscribe('endpoint', 'x');
      }
      client.subscribe('cluster');
      await client.take('cluster');
      expect(held(client, 'cluster')).toBe('a=1');
      expect(events.map(({ kind }) => kind)).toContain('throttled');
    },
    {},
    limits({ requestBurst: 20, requestsPerSecond: 100 }),
  ));

test('S-11: a burst is read at once, what is beyond it at the given rate, and large requests count for more', () => {
  const meter = requestMeter({ burst: 3, perSecond: 10 });
  expect([meter(0, 0), meter(0, 0), meter(0, 0)]).toEqual([0, 0, 0]);
  expect(meter(0, 0)).toBe(100);
  expect(meter(0, 1_000)).toBe(0);
  expect(meter(64 << 20, 10_000)).toBeGreaterThan(10_000);
});

test('S-09: connections of one address beyond the limit are closed at once', () =>
  inWorld(
    'delta',
    async ({ server, events }) => {
      const clients = await Promise.all(range(8).map(() => RawHttp2.connect(server.port)));
      await Promise.race(clients.map(({ closed }) => closed));
      while (clients.filter(({ socket }) => socket.destroyed).length < 5) await new Promise(setImmediate);
      expect(events.map((event) => (event.kind === 'rejected' ? event.reason : event.kind))).toEqual(
        range(5).map(() => 'too many connections of one address'),
      );
      for (const client of clients) client.close();
    },
    {},
    limits({ connectionsPerAddress: 3 }),
  ));

test('R-42: before there is a configuration streams are turned away, and nothing empty is sent', () => {
  let ready = false;
  return inWorld(
    'sotw',
    async ({ connect, provider }) => {
      const early = connect();
      early.subscribe('cluster');
      expect((await early.ended).code).toBe(status.UNAVAILABLE);
      expect([early.log, provider.nodes]).toEqual([[], []]);
      ready = true;
      provider.publish({ cluster: 'a=1' });
      const late = connect();
      late.subscribe('cluster');
      expect(text(await late.take('cluster'))).toBe('a=1');
    },
    {},
    { ready: () => ready },
  );
});

test('R-52: short of memory no new stream is taken', () =>
  inWorld(
    'delta',
    async ({ connect, provider }) => {
      const refused = connect();
      refused.subscribe('cluster');
      const { code, details } = await refused.ended;
      expect([code, details]).toEqual([status.UNAVAILABLE, 'the control plane is short of memory']);
      expect(provider.nodes).toEqual([]);
    },
    {},
    limits({ heapShare: 0 }),
  ));

test('R-48: when the server stops, streams end one after the other, each after what it was being sent', () =>
  inWorld(
    'delta',
    async ({ connect, provider, server, onceEvent }) => {
      const clients = range(20).map(() => connect());
      for (const client of clients) client.subscribe('cluster');
      await Promise.all(clients.map((client) => client.take('cluster')));
      // What is not yet acknowledged would hold back what is published now.
      while (!server.streams().every(({ types }) => types[0]?.acknowledged)) await onceEvent();
      provider.publish({ cluster: `${large}=1` });
      const closed = server.close();
      const refused = connect();
      refused.subscribe('cluster');
      const ends = await Promise.all(clients.map((client) => client.ended));
      await closed;
      expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([status.UNAVAILABLE]));
      expect(clients.map((client) => held(client, 'cluster'))).toEqual(range(20).map(() => `${large}=1`));
      expect((await refused.ended).code).toBe(status.UNAVAILABLE);
    },
    { closeSpread: 50 },
  ));

test('R-49: a stream ends at its age, and its client goes on where it was', () =>
  inWorld(
    'delta',
    async ({ connect, provider }) => {
      provider.publish({ cluster: 'a=1 b=1' });
      const first = connect();
      first.subscribe('cluster');
      const { versions } = await first.take('cluster');
      expect((await first.ended).code).toBe(status.UNAVAILABLE);
      provider.publish({ cluster: 'a=1 b=2' });
      const second = connect();
      second.resume('cluster', versions);
      expect(text(await second.take('cluster'))).toBe('b=2');
    },
    { streamAge: 200 },
  ));

/** A wire between a client and the server that can be cut without a word. */
async function silentWire(port: number): Promise<{ readonly server: Server; readonly cut: () => void }> {
  let cut = false;
  const server = createServer((near) => {
    const far = dial(port, '127.0.0.1');
    near.on('data', (bytes) => cut || far.write(bytes));
    far.on('data', (bytes) => cut || near.write(bytes));
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('close', () => far.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    cut: () => {
      cut = true;
    },
  };
}

test('R-34: a connection whose other end is silent is closed, and its proxy leaves the list', () =>
  inWorld(
    'delta',
    async ({ connect, server, provider, onceEvent }) => {
      provider.publish({ cluster: 'a=1' });
      const wire = await silentWire(server.port);
      const client = connect({ port: (wire.server.address() as { readonly port: number }).port });
      client.subscribe('cluster');
      await client.take('cluster');
      wire.cut();
      while (server.streams().length > 0) await onceEvent();
      client.close();
      wire.server.close();
    },
    { keepalive: 50, keepaliveAnswer: 50 },
  ));
