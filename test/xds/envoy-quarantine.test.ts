// A real Envoy refuses one resource among many, in each of the ways in which it does: the others and all later changes
// reach it, and the correction too.
import { describe, expect, test } from 'vitest';
import { type ResourceTable, resource, type XdsResource } from '../../src/envoy/resource.ts';
import type { ResourceKind } from '../../src/envoy/types.ts';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { Quarantine } from '../../src/xds/quarantine.ts';
import { hostName } from '../../src/xds/virtual-hosts.ts';
import type { Protocol } from '../harness/ads-client.ts';
import { bootstrap, counters, startEnvoy } from './real-envoy.ts';
import { make, shared } from './resources.ts';
import { inWorld, type World } from './world.ts';

const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
const table = (...resources: readonly XdsResource[]): ResourceTable => new Map(resources.map((one) => [one.name, one]));

const badRing: JsonObject = {
  ring_hash_lb_config: { minimum_ring_size: 100, maximum_ring_size: 10 },
  lb_policy: 'RING_HASH',
};
const cluster = (name: string, more: JsonObject): XdsResource =>
  resource('cluster', name, { ...make('cluster', name, 1).json, ...more }, []);

interface Fault {
  readonly kind: ResourceKind;
  /** What Envoy must refuse of `bad`. */
  readonly bad: (name: string) => XdsResource;
  readonly at: string;
}

const host = (route: string): JsonObject => ({
  name: 'bad',
  domains: ['bad'],
  routes: [{ match: { safe_regex: { regex: route } }, direct_response: { status: 200 } }],
});

const faults: readonly (readonly [sentence: string, Fault])[] = [
  ['a cluster that Envoy names', { kind: 'cluster', bad: (name) => cluster(name, badRing), at: 'bad' }],
  [
    'a cluster that fails a constraint, so that the whole response does',
    { kind: 'cluster', bad: (name) => cluster(name, { connect_timeout: '0s' }), at: 'bad' },
  ],
  [
    'endpoints at an address that is none',
    {
      kind: 'endpoint',
      at: 'bad',
      bad: (name) => {
        const address = { socket_address: { address: 'no address', port_value: 80 } };
        return resource(
          'endpoint',
          name,
          { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
          [],
        );
      },
    },
  ],
  [
    'a virtual host with an expression that is none',
    {
      kind: 'route',
      at: 'l/bad',
      bad: () => {
        const json = shared('route', 'l', numbers.map((n) => `h${n}:k${n}`).join()).json;
        const hosts = json['virtual_hosts'];
        return resource(
          'route',
          'l',
          { name: 'l', virtual_hosts: [...(Array.isArray(hosts) ? hosts : []), host('(')] },
          [],
        );
      },
    },
  ],
];

const clusters = (content: number) => numbers.map((n) => shared('cluster', `k${n}`, n === 7 ? content : 1));
const assignments = numbers.map((n) => shared('endpoint', `k${n}`, 1));
const routes = (content: string) =>
  shared('route', 'l', numbers.map((n) => `h${n}:${n === 7 ? content : `k${n}`}`).join());

const look = { within: 10_000, every: 10 };

/** Every type but this one is in sync. */
async function othersInSync({ server }: World, kind: ResourceKind): Promise<void> {
  const quiet = async () => {
    const types = server.streams().flatMap((stream) => stream.types);
    const others = types.filter((type) => type.kind !== kind);
    return types.length === 4 && others.every((type) => type.synced) ? true : undefined;
  };
  await poll(quiet, { ...look, what: 'the other types' });
}

/** Publishes everything with the one at fault, and then changes of everything else. */
function published({ kind, bad }: Fault) {
  const extra = (of: ResourceKind) => (of === kind && kind !== 'route' ? [bad('bad')] : []);
  const its = kind === 'endpoint' ? [shared('cluster', 'bad', 1)] : [];
  return {
    first: {
      cluster: table(...clusters(1), ...its, ...extra('cluster')),
      endpoint: table(...assignments, ...extra('endpoint')),
      listener: table(shared('listener', 'l', 1)),
      route: table(kind === 'route' ? bad('l') : routes('k7')),
    },
    next: {
      cluster: table(...clusters(2), ...its, ...extra('cluster')),
      endpoint: table(...assignments.slice(1), shared('endpoint', 'k1', 2), ...extra('endpoint')),
    },
    corrected: {
      cluster: table(...clusters(2), shared('cluster', 'bad', 1)),
      endpoint: table(...assignments, shared('endpoint', 'bad', 1)),
      route: table(routes('k7')),
    },
  };
}

const rejections = ['cluster_manager.cds.update_rejected', 'listener_manager.lds.update_rejected'];

async function survives(world: World, fault: Fault): Promise<void> {
  const { provider, server, protocol } = world;
  const quarantine = new Quarantine();
  provider.quarantine = quarantine;
  const { first, next, corrected } = published(fault);
  provider.publishTables(first);
  const envoy = startEnvoy(bootstrap(server.port, protocol));
  try {
    const found = async () => quarantine.verdicts[0];
    const { culprit } = await poll(found, { ...look, what: 'the verdict' });
    expect(culprit.resource.name + (culprit.host === null ? '' : `/${hostName(culprit.host)}`)).toBe(fault.at);
    await othersInSync(world, fault.kind);
    const before = await counters(envoy);
    provider.publishTables(next);
    const arrived = async () => ((await envoy.admin('/clusters')).includes('k1::127.0.0.11:9002') ? true : undefined);
    await poll(arrived, { ...look, what: 'the next change' });
    await othersInSync(world, fault.kind);
    const after = await counters(envoy);
    for (const counter of rejections) expect([counter, after.get(counter)]).toEqual([counter, before.get(counter)]);
    expect(quarantine.verdicts).toHaveLength(1);
    provider.publishTables(corrected);
    const fixed = async () => {
      const types = server.streams().flatMap((stream) => stream.types);
      return types.every((type) => type.synced && type.error === null) ? true : undefined;
    };
    await poll(fixed, { ...look, what: 'the correction' });
    expect(quarantine.verdicts).toEqual([]);
    expect((await counters(envoy)).get('cluster_manager.active_clusters')).toBe(numbers.length + 2);
  } finally {
    await envoy.stop();
  }
}

describe.each<Protocol>(['sotw', 'delta'])('R-01, R-03 %s', (protocol) => {
  test.each(faults)('%s', (_sentence, fault) => inWorld(protocol, (world) => survives(world, fault)));
});
