// a proxy that has seen something at another replica is not taken back to what this one knew before.
import { expect, test } from 'vitest';
import { inWorld, text, type World } from './world.ts';

const held = (names: string): ReadonlyMap<string, string> =>
  new Map(names.split(' ').map((name) => [name, 'elsewhere']));

/** Askings for what is newest, each of which lasts until it is told to end. */
function askings() {
  const open: (() => void)[] = [];
  const catchUp = (): Promise<void> => new Promise((resolve) => open.push(resolve));
  return { open, catchUp };
}

/** A client that comes with nothing is served in any case. */
async function passed({ connect }: World): Promise<void> {
  const client = connect();
  client.subscribe('cluster');
  await client.take('cluster');
}

test('R-47: a proxy that holds what is unknown here is told nothing before this replica has caught up', () => {
  const { open, catchUp } = askings();
  const run = async (world: World): Promise<void> => {
    const { provider, connect } = world;
    provider.publish({ cluster: 'a=1' });
    const client = connect();
    client.resume('cluster', held('a b'));
    client.resume('endpoint', held('a'), 'a');
    await passed(world);
    expect(open).toHaveLength(1);
    expect(client.log).toEqual([]);
    provider.publish({ cluster: 'a=1 b=1', endpoint: 'a=1' });
    open[0]?.();
    expect(text(await client.take('cluster'))).toBe('a=1 b=1');
    expect(text(await client.take('endpoint'))).toBe('a=1');
    expect(open).toHaveLength(1);
  };
  return inWorld('delta', run, {}, { catchUp });
});

test('R-47: it waits no longer than is good for it', () => {
  const { open, catchUp } = askings();
  const run = async ({ provider, connect }: World): Promise<void> => {
    provider.publish({ cluster: 'a=1' });
    const client = connect();
    client.resume('cluster', held('a b'));
    expect(text(await client.take('cluster'))).toBe('a=1 -b');
    expect(open).toHaveLength(1);
  };
  return inWorld('delta', run, { catchUp: 50 }, { catchUp });
});

test('R-47: who holds what is known here does not wait', () => {
  const { open, catchUp } = askings();
  const run = async ({ provider, connect }: World): Promise<void> => {
    provider.publish({ cluster: 'a=1 b=1' });
    const first = connect();
    first.subscribe('cluster');
    const { versions } = await first.take('cluster');
    const again = connect();
    again.resume('cluster', versions);
    await again.take('cluster');
    expect(open).toEqual([]);
  };
  return inWorld('delta', run, {}, { catchUp });
});

test('R-47: in the state of the world, who comes with a version waits', () => {
  const { open, catchUp } = askings();
  const run = async (world: World): Promise<void> => {
    world.provider.publish({ cluster: 'a=1' });
    const client = world.connect();
    client.request({ type_url: 'type.googleapis.com/envoy.config.cluster.v3.Cluster', version_info: 'elsewhere' });
    await passed(world);
    expect(client.log).toEqual([]);
    open[0]?.();
    expect(text(await client.take('cluster'))).toBe('a=1');
  };
  return inWorld('sotw', run, {}, { catchUp });
});

test('R-47: those who come while it is asked share the next answer', () => {
  const { open, catchUp } = askings();
  const run = async (world: World): Promise<void> => {
    world.provider.publish({ cluster: 'a=1' });
    const come = () => {
      const client = world.connect();
      client.resume('cluster', held('a'));
      return client;
    };
    const first = come();
    await passed(world);
    const others = [come(), come(), come()];
    await passed(world);
    expect(open).toHaveLength(1);
    open[0]?.();
    await first.take('cluster');
    expect(open).toHaveLength(2);
    open[1]?.();
    for (const other of others) await other.take('cluster');
    expect(open).toHaveLength(2);
  };
  return inWorld('delta', run, {}, { catchUp });
});
