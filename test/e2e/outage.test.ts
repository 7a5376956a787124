// What Envoys and requests notice of a control plane that dies, stands still, is replaced or comes back: nothing. The
// long form of it is `make soak`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import { SoakLoad } from '../soak/load.ts';
import { Serving } from '../soak/serving.ts';
import { Stage } from '../soak/stage.ts';

const network = 60 + (Number(process.env['VITEST_POOL_ID'] ?? 1) % 20);
const services = ['shop', 'cart'];
let folder: string;
let stage: Stage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-outage-'));
  stage = await Stage.start({ folder, network, envoys: 2, services });
});

afterAll(async () => {
  await stage.close();
  await rm(folder, { recursive: true });
});

/** Runs something under requests, of which none may fail. */
async function underLoad(run: () => Promise<void>): Promise<void> {
  const load = new SoakLoad({
    rate: 200,
    services,
    portOffsets: stage.members.map(({ node }) => node.portOffset),
    expected: (service, backend) => stage.expects(service, backend),
  });
  try {
    await run();
  } finally {
    await load.stop();
  }
  expect(load.reasons).toEqual([]);
  expect(load.requests).toBeGreaterThan(0);
  expect(await stage.troubles()).toEqual([]);
}

const settings = '(listener_modified|listener_added|listener_removed|cluster_modified|cluster_added|cluster_removed)$';

/** What Envoys have changed so far, and that all of it is in force. */
const changed = () => Promise.all(stage.members.map(async ({ envoy }) => [...(await envoy.admin.stats(settings))]));

const connected = (): Promise<true> => {
  const look = async (): Promise<true | undefined> => {
    const states = stage.members.map(({ envoy }) => envoy.admin.stats('^control_plane.connected_state$'));
    return (await Promise.all(states)).every((state) => state.get('control_plane.connected_state') === 1) || undefined;
  };
  return poll(look, { within: 20_000, every: 20, what: 'all Envoys to be connected' });
};

/** As many acknowledgements as there are streams say that each has asked the process that now serves. */
async function updatesRise(before: readonly number[]): Promise<void> {
  const look = async () => (await updates()).every((count, index) => count > (before[index] ?? 0)) || undefined;
  await poll(look, { within: 20_000, every: 20, what: 'all Envoys to be answered' });
}

const updates = () =>
  Promise.all(
    stage.members.map(async ({ envoy }) => {
      const stats = await envoy.admin.stats('^(cluster_manager.cds|listener_manager.lds).update_(success|attempt)$');
      return [...stats.values()].reduce((sum, count) => sum + count, 0);
    }),
  );

test('R-40, R-44: the only control plane is killed and comes back: no request fails, and Envoy changes nothing', () =>
  underLoad(async () => {
    const before = await changed();
    expect(before.every((stats) => stats.length > 0)).toBe(true);
    for (let round = 0; round < 2; round += 1) {
      const answered = await updates();
      await stage.serving.end('SIGKILL');
      await stage.serving.start();
      await updatesRise(answered);
      await connected();
    }
    await stage.settle();
    expect(await changed()).toEqual(before);
  }));

test(
  'R-25: a subset and the routes to it go while there is no control plane: no request fails',
  { timeout: 90_000 },
  () =>
    underLoad(async () => {
      const { called } = stage.town;
      const shop = called.get('shop');
      if (shop === undefined) throw new Error('there is no shop');
      const write = (change: Partial<typeof shop>) =>
        stage.apply({ ...stage.town, called: new Map([...called, ['shop', { ...shop, ...change }]]) });
      for (let round = 0; round < 4; round += 1) {
        await write({ routed: true, routes: [{ route: [{ destination: { host: 'shop', subset: 'everyone' } }] }] });
        await stage.settle();
        await stage.serving.end('SIGKILL');
        await write({ routed: false, routes: null });
        await stage.serving.start();
        await stage.settle();
      }
    }),
);

test('R-41: a control plane that stands still and goes on serves the newest state', { timeout: 60_000 }, () =>
  underLoad(async () => {
    stage.serving.pause();
    const { called } = stage.town;
    const shop = called.get('shop');
    if (shop === undefined) throw new Error('there is no shop');
    for (const simple of ['RANDOM', 'ROUND_ROBIN', 'LEAST_REQUEST']) {
      const rule = { loadBalancer: { simple } };
      await stage.apply({ ...stage.town, called: new Map([...called, ['shop', { ...shop, rule }]]) });
    }
    stage.serving.resume();
    await stage.settle();
  }),
);

test('R-45, R-48: a control plane is ended in order when another one has taken its place: no request fails, and nothing is sent again', () =>
  underLoad(async () => {
    const before = await changed();
    const successor = new Serving(stage.configFolder, join(folder, 'successor.log'), (port) => stage.relay.lead(port));
    try {
      const answered = await updates();
      await successor.start();
      await stage.serving.end('SIGTERM');
      await updatesRise(answered);
      await connected();
      await stage.settle();
      expect(await changed()).toEqual(before);
      expect(successor.crash).toBe(null);
    } finally {
      await stage.serving.start();
      await successor.close();
    }
    await connected();
  }));
