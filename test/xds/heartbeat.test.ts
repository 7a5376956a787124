// Resources with a time to live: told again in time as long as they stand, and dropped by a client that hears nothing.
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../src/envoy/protojson.ts';
import { typeUrls } from '../../src/envoy/types.ts';
import { poll } from '../../src/inject/poll.ts';
import type { Protocol } from '../../src/xds/requests.ts';
import { encodeResponse } from '../../src/xds/response.ts';
import { bootstrap, counters, startEnvoy } from './real-envoy.ts';
import { shared, snapshot } from './resources.ts';
import { converse } from './transcript.ts';
import { inWorld } from './world.ts';

converse('delta', [
  [
    'what has a time to live is told again at half of it, without its content, until it goes',
    `publish endpoint: a=1~4 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     wait 1999
     wait 1
     < endpoint ~a
     endpoint ack
     wait 2000
     < endpoint ~a
     endpoint ack
     publish endpoint: a=2~4 b=1
     < endpoint a=2
     endpoint ack
     wait 2000
     < endpoint ~a
     endpoint ack
     publish endpoint: a=2 b=1
     < endpoint a=2
     endpoint ack
     wait 60000`,
  ],
  [
    'nothing is told of what the client does not want any more, and nothing while an answer is awaited',
    `publish cluster: a=1~4 b=1~6
     cluster ask a b
     < cluster a=1 b=1
     wait 10000
     cluster ack
     < cluster ~a ~b
     wait 10000
     cluster ack
     < cluster ~a ~b`,
  ],
]);

converse('sotw', [
  [
    'what has a time to live is sent again at half of it, until it goes',
    `publish endpoint: a=1~4 b=1
     endpoint ask a b
     < endpoint a=1 b=1
     endpoint ack
     wait 1999
     wait 1
     < endpoint a=1
     endpoint ack
     wait 2000
     < endpoint a=1
     endpoint ack
     publish endpoint: a=2 b=1
     < endpoint a=2
     endpoint ack
     wait 60000`,
  ],
  [
    'a full state is sent again as a whole, and not while an answer is awaited',
    `publish cluster: a=1~4 b=1
     cluster ask
     < cluster a=1 b=1
     wait 10000
     cluster ack
     < cluster a=1 b=1
     wait 10000
     cluster ack
     < cluster a=1 b=1`,
  ],
]);

test.each<Protocol>(['sotw', 'delta'])(
  '%s: a time to live is that of a Resource, and a heartbeat is one without a resource',
  (protocol) => {
    const timed = snapshot({ cluster: 'a=1~4' }).cluster.get('a') ?? shared('cluster', 'a', 1);
    const message = (resources: readonly (typeof timed)[], heartbeats: readonly (typeof timed)[]) => {
      const response = { protocol, kind: 'cluster', typeUrl: typeUrls.cluster, nonce: '', version: 'v' } as const;
      const { own, shared: rest } = encodeResponse({ ...response, removed: [], resources, heartbeats }, 'n');
      const name = protocol === 'sotw' ? 'DiscoveryResponse' : 'DeltaDiscoveryResponse';
      return decodeMessage(`envoy.service.discovery.v3.${name}`, Buffer.concat([own, rest]))['resources'];
    };
    const common = { name: 'a', version: timed.version, ttl: '4s' };
    if (protocol === 'delta') expect(message([], [timed])).toEqual([common]);
    expect(message([timed], [])).toEqual([
      expect.objectContaining({ ...common, resource: expect.objectContaining({ name: 'a' }) }),
    ]);
  },
);

describe.each<Protocol>(['sotw', 'delta'])('a real Envoy, %s', (protocol) => {
  test('keeps what it is told of in time, and drops it when nobody tells it any more', () =>
    inWorld(protocol, async ({ provider, server }) => {
      provider.publish({ cluster: 'a=1~1 b=1', endpoint: 'a=1 b=1', listener: 'l=1', route: 'l=1' });
      const envoy = startEnvoy(bootstrap(server.port, protocol));
      const count = async (counter: string) => (await counters(envoy).catch(() => new Map())).get(counter) ?? 0;
      const look = { within: 15_000, every: 20 };
      try {
        const active = async () => ((await count('cluster_manager.active_clusters')) === 3 ? true : undefined);
        await poll(active, { ...look, what: 'both clusters' });
        const cds = 'cluster_manager.cds.update_attempt';
        const before = await count(cds);
        const beaten = async () => ((await count(cds)) >= before + 4 ? true : undefined);
        await poll(beaten, { ...look, what: 'four heartbeats' });
        expect(await count('cluster_manager.cluster_removed')).toBe(0);
        expect(provider.refusals).toEqual([]);
        await server.close();
        const dropped = async () => ((await count('cluster_manager.cluster_removed')) === 1 ? true : undefined);
        await poll(dropped, { ...look, what: 'the end of the cluster' });
      } finally {
        await envoy.stop();
      }
    }));
});
