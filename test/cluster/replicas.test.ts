// Replicas of a control plane on one API: they serve the same bytes, a proxy may move between them, and who leads matters to nobody
// that is served.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { resourceKinds } from '../../src/envoy/types.ts';
import { poll } from '../../src/inject/poll.ts';
import { type Serving, serve } from '../cli/sluice.ts';
import { AdsClient, metadata } from '../harness/ads-client.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.close());

const object = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.7.0.1]}]
`;

const node = {
  id: 'sidecar~10.0.0.9~web.default~default.svc.cluster.local',
  metadata: metadata({ NAMESPACE: 'default' }),
};
type Versions = ReadonlyMap<string, ReadonlyMap<string, string>>;

async function start(...more: readonly string[]): Promise<Serving> {
  return serve(['--kube', '--kubeconfig', await cluster.kubeconfig(), ...more]);
}

/** A replica, and what stands between it and the API. */
async function startBehind() {
  const way = await startTcpProxy({ port: cluster.ports.api });
  onTestFinished(() => way.close());
  const serving = await serve(['--kube', '--kubeconfig', await cluster.kubeconfig({ port: way.port })]);
  return { way, serving };
}

function connect({ xds }: Serving): AdsClient {
  const client = new AdsClient({ port: Number(xds.split(':')[1]), protocol: 'delta', node });
  onTestFinished(() => client.close());
  return client;
}

/** What a proxy that comes with nothing is sent; versions are hashes of the bytes. */
async function everything(serving: Serving): Promise<Versions> {
  const client = connect(serving);
  const versions = new Map<string, ReadonlyMap<string, string>>();
  for (const kind of resourceKinds) {
    const named = kind === 'endpoint' || kind === 'route';
    const names =
      kind === 'endpoint'
        ? [...(versions.get('cluster') ?? new Map()).keys()].filter((each) => each.startsWith('outbound|'))
        : ['80'];
    if (named) client.subscribe(kind, ...names);
    else client.subscribe(kind);
    versions.set(kind, (await client.take(kind)).versions);
  }
  client.close();
  return versions;
}

test('all serve the same bytes, and go on when the one that leads is killed', async () => {
  await cluster.apply(Array.from({ length: 20 }, (_, index) => object(`s${index}`)).join('---\n'));
  const writing = ['--write-status', '--lease=default/sluice'];
  const replicas = [await start(...writing), await start(...writing), await start(...writing)] as const;
  const [first, ...others] = await Promise.all(replicas.map(everything));
  expect(first?.get('cluster')?.size).toBeGreaterThan(20);
  for (const other of others) expect(other).toEqual(first);
  const holder = async () =>
    (await cluster.kubectl(['get', 'lease', 'sluice', '-o', 'jsonpath={.spec.holderIdentity}']).catch(() => '')) ||
    undefined;
  await poll(holder, { within: 20_000, every: 200, what: 'a leader' });
  await Promise.all(replicas.map(async ({ signal }, index) => index < 2 && signal('SIGKILL')));
  await cluster.apply(object('late'));
  const last = replicas[2];
  const served = async () =>
    (await everything(last)).get('cluster')?.has('outbound|80||late.default.svc.cluster.local') || undefined;
  await poll(served, { within: 10_000, every: 100, what: 'the last replica to serve what is new' });
});

test('a proxy that moves to another replica is sent only what differs', async () => {
  const [one, two] = [await start(), await start()];
  const held = (await everything(one)).get('cluster') ?? new Map<string, string>();
  await cluster.apply(object('moved'));
  const name = 'outbound|80||moved.default.svc.cluster.local';
  await poll(async () => (await everything(two)).get('cluster')?.has(name) || undefined, {
    ...{ within: 10_000, every: 100, what: 'the other replica to know the new service' },
  });
  const client = connect(two);
  client.resume('cluster', held);
  expect([...(await client.take('cluster')).versions.keys()]).toEqual([name]);
});

test('R-47: a proxy that moves to a replica whose watches lag is not taken back', async () => {
  const { way, serving: late } = await startBehind();
  const ahead = await start();
  way.strand();
  await cluster.apply(object('ahead'));
  const name = 'outbound|80||ahead.default.svc.cluster.local';
  const clusters = async (serving: Serving) => (await everything(serving)).get('cluster') ?? new Map<string, string>();
  const known = await poll(async () => ((held) => (held.has(name) ? held : undefined))(await clusters(ahead)), {
    ...{ within: 10_000, every: 100, what: 'the first replica to know the new service' },
  });
  expect((await clusters(late)).has(name)).toBe(false);
  const client = connect(late);
  client.resume('cluster', known);
  const { versions, removed } = await client.take('cluster');
  expect([[...versions.keys()], removed]).toEqual([[], []]);
  expect((await clusters(late)).has(name)).toBe(true);
});

test('R-47: where the API cannot be asked, a proxy waits for five seconds and no longer', async () => {
  const { way, serving } = await startBehind();
  way.silent(true);
  const client = connect(serving);
  const from = performance.now();
  client.resume('cluster', new Map([['outbound|80||elsewhere.default.svc.cluster.local', 'unknown']]));
  const { versions } = await client.take('cluster');
  expect(performance.now() - from).toBeGreaterThan(4_000);
  expect(versions.size).toBeGreaterThan(0);
});
