// The protocol over real gRPC: one suite for SotW and delta.
import { describe, expect, test } from 'vitest';
import type { AdsClient, Protocol } from '../harness/ads-client.ts';
import { held, inWorld, order, silent, text, type World } from './world.ts';

type Case = readonly [sentence: string, run: (world: World) => Promise<void>];

/** Takes the types in the order of the names, with these names. */
async function subscribeAll(client: AdsClient): Promise<void> {
  client.subscribe('cluster');
  await client.take('cluster');
  client.subscribe('endpoint', 'a');
  await client.take('endpoint');
  client.subscribe('listener');
  await client.take('listener');
  client.subscribe('route', 'l');
  await client.take('route');
}

const everything = { cluster: 'a=1', endpoint: 'a=1', listener: 'l=1', route: 'l=1' };

const subscribing: readonly Case[] = [
  [
    'a client gets all clusters and listeners, and of endpoints and routes what it names',
    async ({ provider, connect }) => {
      provider.publish({ cluster: 'a=1 b=1', endpoint: 'a=1 b=1', listener: 'l=1 m=1', route: 'l=1 m=1' });
      const client = connect();
      await subscribeAll(client);
      expect(held(client, 'cluster')).toBe('a=1 b=1');
      expect(held(client, 'endpoint')).toBe('a=1');
      expect(held(client, 'listener')).toBe('l=1 m=1');
      expect(held(client, 'route')).toBe('l=1');
    },
  ],
  [
    'a client that names clusters gets these',
    async ({ provider, connect }) => {
      provider.publish({ cluster: 'a=1 b=1' });
      const client = connect();
      client.subscribe('cluster', 'b');
      expect(text(await client.take('cluster'))).toBe('b=1');
      provider.publish({ cluster: 'a=2 b=1' });
      expect(await silent(client, 'cluster')).toBe(true);
    },
  ],
  [
    'after an acknowledgement there is silence until something changes',
    async ({ provider, connect }) => {
      provider.publish({ cluster: 'a=1' });
      const client = connect();
      client.subscribe('cluster');
      await client.take('cluster');
      expect(await silent(client, 'cluster')).toBe(true);
      provider.publish({ cluster: 'a=2' });
      expect(text(await client.take('cluster'))).toBe('a=2');
    },
  ],
  [
    'R-21: all names given up, then asked for again: silence, then the full answer',
    async ({ provider, connect }) => {
      provider.publish({ endpoint: 'a=1 b=1' });
      const client = connect();
      client.subscribe('endpoint', 'a', 'b');
      await client.take('endpoint');
      client.unsubscribe('endpoint', 'a', 'b');
      expect(await silent(client, 'endpoint')).toBe(true);
      provider.publish({ endpoint: 'a=2 b=1' });
      expect(await silent(client, 'endpoint')).toBe(true);
      client.subscribe('endpoint', 'a', 'b');
      expect(text(await client.take('endpoint'))).toBe('a=2 b=1');
    },
  ],
  [
    'R-17: asking once more, without a nonce, brings it once more',
    async ({ protocol, provider, connect }) => {
      provider.publish({ endpoint: 'a=1' });
      const client = connect();
      client.subscribe('endpoint', 'a');
      await client.take('endpoint');
      const field = protocol === 'sotw' ? 'resource_names' : 'resource_names_subscribe';
      client.request({
        type_url: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
        [field]: ['a'],
      });
      expect(text(await client.take('endpoint'))).toBe('a=1');
    },
  ],
  [
    'R-29: several streams of one node are served each on its own',
    async ({ provider, connect }) => {
      provider.publish({ cluster: 'a=1', endpoint: 'a=1' });
      const [one, other] = [connect(), connect()];
      one.subscribe('cluster');
      other.subscribe('endpoint', 'a');
      await one.take('cluster');
      await other.take('endpoint');
      one.close();
      provider.publish({ endpoint: 'a=2' });
      expect(text(await other.take('endpoint'))).toBe('a=2');
      expect(other.untaken('cluster')).toBe(0);
    },
  ],
  [
    'nonces differ between responses and between streams, versions do not',
    async ({ provider, connect }) => {
      provider.publish({ cluster: 'a=1', endpoint: 'a=1' });
      const clients = [connect(), connect()];
      for (const client of clients) {
        client.subscribe('cluster');
        client.subscribe('endpoint', 'a');
      }
      const responses = await Promise.all(
        clients.flatMap((client) => [client.take('cluster'), client.take('endpoint')]),
      );
      expect(new Set(responses.map(({ nonce }) => nonce)).size).toBe(4);
      expect(new Set(responses.map(({ version }) => version)).size).toBe(2);
    },
  ],
];

const answering: readonly Case[] = [
  [
    'R-02: what was refused is not sent again, the control plane is told why, and the correction is sent',
    async ({ provider, connect, server }) => {
      provider.publish({ cluster: 'a=1' });
      const client = connect();
      client.subscribe('cluster');
      client.nack(await client.next('cluster'), 'a is bad');
      expect(await silent(client, 'cluster')).toBe(true);
      expect(provider.refusals).toEqual(['cluster a is bad']);
      expect(server.streams()[0]?.types[0]).toMatchObject({ kind: 'cluster', acknowledged: null, error: 'a is bad' });
      provider.publish({ cluster: 'a=2' });
      expect(text(await client.take('cluster'))).toBe('a=2');
      expect(await silent(client, 'cluster')).toBe(true);
      expect(server.streams()[0]?.types[0]).toMatchObject({ synced: true, error: null });
    },
  ],
  [
    'R-06: an answer with a stale nonce counts for nothing',
    async ({ provider, connect, events }) => {
      provider.publish({ cluster: 'a=1' });
      const client = connect();
      client.subscribe('cluster');
      const first = await client.take('cluster');
      provider.publish({ cluster: 'a=2' });
      const second = await client.next('cluster');
      client.nack(first, 'too late');
      provider.publish({ cluster: 'a=3' });
      expect(await silent(client, 'cluster')).toBe(true);
      expect(provider.refusals).toEqual([]);
      client.ack(second);
      expect(text(await client.take('cluster'))).toBe('a=3');
      expect(events.filter(({ kind }) => kind === 'stale')).toHaveLength(1);
    },
  ],
  [
    'R-24: a hundred changes while an answer is awaited become one',
    async ({ provider, connect }) => {
      provider.publish({ endpoint: 'a=1' });
      const client = connect();
      client.subscribe('endpoint', 'a');
      const first = await client.next('endpoint');
      for (let content = 2; content <= 101; content += 1) provider.publish({ endpoint: `a=${content}` });
      expect(await silent(client, 'endpoint')).toBe(true);
      client.ack(first);
      expect(text(await client.take('endpoint'))).toBe('a=101');
      expect(await silent(client, 'endpoint')).toBe(true);
    },
  ],
  [
    'R-07: a new stream with an old nonce and version is answered',
    async ({ provider, connect }) => {
      provider.publish({ cluster: 'a=1' });
      const before = connect();
      before.subscribe('cluster');
      const { nonce, version } = await before.take('cluster');
      before.close();
      const client = connect();
      const field = client.protocol === 'sotw' ? { version_info: version } : {};
      client.request({
        type_url: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
        response_nonce: nonce,
        ...field,
      });
      expect(text(await client.take('cluster'))).toBe('a=1');
    },
  ],
];

const ordering: readonly Case[] = [
  [
    'one change comes in the order clusters, endpoints, listeners, routes',
    async ({ provider, connect }) => {
      provider.publish(everything);
      const client = connect();
      await subscribeAll(client);
      client.log.length = 0;
      provider.publish({ cluster: 'a=2', endpoint: 'a=2', listener: 'l=2', route: 'l=2' });
      await client.take('route');
      expect(order(client)).toBe('cluster endpoint listener route');
    },
  ],
  [
    'R-09: endpoints follow a changed cluster though they are unchanged, before it is acknowledged',
    async ({ provider, connect }) => {
      provider.publish(everything);
      const client = connect();
      await subscribeAll(client);
      provider.publish({ cluster: 'a=2' });
      const cluster = await client.next('cluster');
      expect(text(await client.take('endpoint'))).toBe('a=1');
      client.ack(cluster);
      expect(await silent(client, 'endpoint')).toBe(true);
    },
  ],
  [
    'routes follow a changed listener though they are unchanged',
    async ({ provider, connect }) => {
      provider.publish(everything);
      const client = connect();
      await subscribeAll(client);
      provider.publish({ listener: 'l=2' });
      expect(text(await client.take('route'))).toBe('l=1');
    },
  ],
  [
    'R-25: a cluster goes when the routes that may name it are acknowledged',
    async ({ provider, connect }) => {
      provider.publish({ ...everything, cluster: 'a=1 b=1' });
      const client = connect();
      await subscribeAll(client);
      provider.publish({ cluster: 'a=1', route: 'l=2' });
      const route = await client.next('route');
      client.subscribe('endpoint', 'a', 'ping');
      await client.take('endpoint');
      expect(held(client, 'cluster')).toBe('a=1 b=1');
      client.ack(route);
      await client.take('cluster');
      expect(held(client, 'cluster')).toBe('a=1');
    },
  ],
];

const cases: readonly Case[] = [...subscribing, ...answering, ...ordering];
describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test.each(cases)('%s', (_sentence, run) => inWorld(protocol, run));

  test('R-24: a response without an answer is overtaken by a newer one', () =>
    inWorld(
      protocol,
      async ({ provider, connect }) => {
        provider.publish({ cluster: 'a=1' });
        const client = connect();
        client.subscribe('cluster');
        await client.next('cluster');
        provider.publish({ cluster: 'a=2' });
        expect(text(await client.take('cluster'))).toBe('a=2');
        expect(await silent(client, 'cluster')).toBe(true);
      },
      { supersedeAfter: 30 },
    ));

  test('a removal does not wait for ever for a client that does not acknowledge its routes', () =>
    inWorld(
      protocol,
      async ({ provider, connect }) => {
        provider.publish({ ...everything, cluster: 'a=1 b=1' });
        const client = connect();
        await subscribeAll(client);
        provider.publish({ cluster: 'a=1', route: 'l=2' });
        await client.next('route');
        await client.take('cluster');
        expect(held(client, 'cluster')).toBe('a=1');
      },
      { removalDeadline: 30 },
    ));
});
