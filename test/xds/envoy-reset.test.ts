// A real Envoy over a network that breaks: it is in sync again every time, and has everything.
import { describe, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import { Quarantine } from '../../src/xds/quarantine.ts';
import type { Protocol } from '../harness/ads-client.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { bootstrap, counters, startEnvoy } from './real-envoy.ts';
import { inWorld, type World } from './world.ts';

const look = { within: 20_000, every: 5 };
const rounds = 10;

/** Every type that an Envoy with listeners asks for is acknowledged, on the newest stream. */
const inSync =
  ({ server }: World) =>
  async (): Promise<true | undefined> => {
    const types = server.streams().at(-1)?.types ?? [];
    return types.length === 4 && types.every((type) => type.synced && type.error === null) ? true : undefined;
  };

/** A cluster that Envoy refuses, a reset as soon as it has, and the correction: again and again. */
async function resetAfterRefusals(world: World): Promise<void> {
  const { provider, server, protocol, events } = world;
  provider.quarantine = new Quarantine();
  const proxy = await startTcpProxy({ port: server.port });
  provider.publish({ cluster: 'a=1', endpoint: 'a=1', listener: 'l=1', route: 'l=1' });
  const envoy = startEnvoy(bootstrap(proxy.port, protocol));
  const refusals = () => events.filter((event) => event.kind === 'refused').length;
  try {
    await poll(inSync(world), { ...look, what: 'the start' });
    for (let round = 1; round <= rounds; round += 1) {
      const before = refusals();
      // Envoy wants a connect_timeout that is more than nothing.
      provider.publish({ cluster: `a=1 bad=0 c${round}=1`, endpoint: 'a=1' });
      await poll(async () => (refusals() > before ? true : undefined), { ...look, every: 1, what: 'the refusal' });
      proxy.reset();
      provider.publish({ cluster: `a=${round + 1} good=1`, endpoint: 'a=1 good=1' });
      const active = async () =>
        (await envoy.admin('/clusters')).includes(`good::`) && (await inSync(world)()) ? true : undefined;
      await poll(active, { ...look, what: `the correction, round ${round}` });
    }
    const stats = await counters(envoy);
    expect(stats.get('cluster_manager.warming_clusters')).toBe(0);
    expect(stats.get('cluster_manager.active_clusters')).toBe(3);
    expect(provider.quarantine.verdicts).toEqual([]);
  } finally {
    await envoy.stop();
    await proxy.close();
  }
}

/** Resets at any time, while everything changes. */
async function resetAnyTime(world: World): Promise<void> {
  const { provider, server, protocol } = world;
  const proxy = await startTcpProxy({ port: server.port });
  const publish = (round: number) =>
    provider.publish({ cluster: `a=1 b=${round}`, endpoint: `a=${round} b=1`, listener: 'l=1', route: `l=x:a,y:b` });
  publish(1);
  const envoy = startEnvoy(bootstrap(proxy.port, protocol));
  try {
    await poll(inSync(world), { ...look, what: 'the start' });
    for (let round = 2; round <= rounds; round += 1) {
      publish(round);
      proxy.reset();
      const newest = async () =>
        (await envoy.admin('/clusters')).includes(`a::127.0.0.11:${9000 + round}`) && (await inSync(world)())
          ? true
          : undefined;
      await poll(newest, { ...look, what: `the newest endpoints, round ${round}` });
      expect((await counters(envoy)).get('cluster_manager.warming_clusters')).toBe(0);
    }
  } finally {
    await envoy.stop();
    await proxy.close();
  }
}

/** Slow, and in pieces that mean nothing. */
async function slowAndSliced(world: World): Promise<void> {
  const { provider, server, protocol, events } = world;
  const proxy = await startTcpProxy({ port: server.port, delay: 100, piece: 100 });
  provider.publish({ cluster: 'a=1', endpoint: 'a=1', listener: 'l=1', route: 'l=1' });
  const envoy = startEnvoy(bootstrap(proxy.port, protocol));
  try {
    await poll(inSync(world), { ...look, what: 'the start' });
    const before = events.filter((event) => event.kind === 'pushed').length;
    for (let round = 2; round <= 6; round += 1) provider.publish({ endpoint: `a=${round}` });
    const newest = async () =>
      (await envoy.admin('/clusters')).includes('a::127.0.0.11:9006') && (await inSync(world)()) ? true : undefined;
    await poll(newest, { ...look, what: 'the newest endpoints' });
    // The first of the changes, and all others in one.
    expect(events.filter((event) => event.kind === 'pushed').length - before).toBe(2);
  } finally {
    await envoy.stop();
    await proxy.close();
  }
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('R-03: after a refusal and a reset the correction is taken, every time', () =>
    inWorld(protocol, resetAfterRefusals, { gateDeadline: 500 }));

  test('R-08: after a reset in the middle of changes nothing keeps warming', () => inWorld(protocol, resetAnyTime));

  test('R-35: a slow network that slices everything is sent nothing twice', () => inWorld(protocol, slowAndSliced));
});
