// The control plane behind the real server: what a restart and a second replica mean to a proxy, what a refusal leads to,
// and how a storm of changes ends.
import { describe, expect, onTestFinished, test } from 'vitest';
import { describePlace, locateDiagnostics } from '../../src/cli/diagnostics.ts';
import { ControlPlane } from '../../src/control-plane.ts';
import { proxyNode } from '../../src/envoy/node.ts';
import { type ResourceKind, resourceKinds } from '../../src/envoy/types.ts';
import type { BatchTiming } from '../../src/lib/batches.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import { startXdsServer } from '../../src/xds/server.ts';
import type { XdsEvent } from '../../src/xds/xds-event.ts';
import { AdsClient, type AdsClientOptions, type Protocol } from '../harness/ads-client.ts';

interface Replica {
  readonly source: MemorySource;
  readonly controlPlane: ControlPlane;
  readonly events: readonly XdsEvent[];
  connect(options?: Partial<AdsClientOptions>): AdsClient;
  /** Resolves after the next publication. */
  published(): Promise<void>;
}

/** A control plane with these objects, and its server; they end with the test. */
async function replica(objects: readonly JsonObject[] | string, timing?: BatchTiming): Promise<Replica> {
  const source = new MemorySource();
  source.apply(objects);
  const controlPlane = new ControlPlane({
    sources: [source],
    allowLoopbackEndpoints: false,
    ...(timing && { timing }),
  });
  await controlPlane.start();
  const events: XdsEvent[] = [];
  const server = await startXdsServer({
    provider: controlPlane,
    port: 0,
    timers: { drain: 0, closeSpread: 0 },
    onEvent: (event) => events.push(event),
  });
  const clients: AdsClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.close();
    await server.close();
    await controlPlane.close();
  });
  const connect = (options: Partial<AdsClientOptions> = {}): AdsClient => {
    const client = new AdsClient({ port: server.port, protocol: 'delta', ...options });
    clients.push(client);
    return client;
  };
  const published = (): Promise<void> =>
    new Promise((resolve) => {
      const stop = controlPlane.onPublish(() => {
        stop();
        resolve();
      });
    });
  return { source, controlPlane, events, connect, published };
}

function shop(index: number): readonly JsonObject[] {
  const name = `shop-${index}`;
  const ports = [{ name: 'http', port: 80 }];
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports, selector: { app: name } } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports,
      endpoints: [{ addresses: [`10.0.${index >> 8}.${index & 255}`] }],
    },
  ];
}

const shops = (count: number): readonly JsonObject[] => [...new Array(count).keys()].flatMap((index) => shop(index));

const random: JsonObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'shop-7' },
  spec: { host: 'shop-7', trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } },
};

type Versions = ReadonlyMap<ResourceKind, ReadonlyMap<string, string>>;
const none: Versions = new Map();

/** A name that nothing has: whoever asks for it is answered in any case. */
const nobody = 'nobody';

/** Brings a delta client with these versions up to date, type by type, and gives the versions that it then has. */
async function synced(client: AdsClient, has: Versions): Promise<Versions> {
  const all = new Map<ResourceKind, ReadonlyMap<string, string>>();
  for (const kind of resourceKinds) {
    const clusters = [...(all.get('cluster')?.keys() ?? [])].filter((name) => name.startsWith('outbound'));
    const names = { cluster: [], endpoint: [...clusters, nobody], listener: [], route: ['80', nobody] }[kind];
    client.resume(kind, has.get(kind) ?? new Map(), ...names);
    const { versions, removed } = await client.take(kind);
    const held = new Map([...(has.get(kind) ?? []), ...versions]);
    for (const name of removed) held.delete(name);
    all.set(kind, held);
  }
  return all;
}

interface Pushed {
  readonly resources: number;
  readonly bytes: number;
}

/** All that a replica has sent. */
function pushed({ events }: Replica): Pushed {
  const pushes = events.filter((event) => event.kind === 'pushed');
  const sum = (count: (push: (typeof pushes)[number]) => number): number =>
    pushes.reduce((total, push) => total + count(push), 0);
  return { resources: sum(({ resources }) => resources), bytes: sum(({ bytes }) => bytes) };
}

describe('a proxy that comes back', () => {
  test('R-20: with a thousand clusters is sent less than a twentieth of them when one has changed meanwhile', async () => {
    const before = await replica(shops(1000));
    const held = await synced(before.connect(), none);
    const after = await replica([...shops(1000), random]);
    const now = await synced(after.connect(), held);
    const changed = [...(held.get('cluster') ?? [])].filter(
      ([name, version]) => now.get('cluster')?.get(name) !== version,
    );
    expect(changed.map(([name]) => name)).toEqual(['outbound|80||shop-7.default.svc.cluster.local']);
    expect(pushed(before).resources).toBeGreaterThan(2000);
    expect(pushed(after).bytes).toBeLessThan(pushed(before).bytes / 20);
  });

  test('R-44: after a restart without a change is sent nothing again', async () => {
    const held = await synced((await replica(shops(50))).connect(), none);
    const after = await replica(shops(50));
    expect(await synced(after.connect(), held)).toEqual(held);
    expect(pushed(after).resources).toBe(0);
  });

  test('R-46: to a replica that has read the same in another order is sent nothing again', async () => {
    const held = await synced((await replica(shops(50))).connect(), none);
    const other = await replica('');
    const arrived = other.published();
    for (const object of shops(50).toReversed()) other.source.apply([object]);
    await arrived;
    while (other.controlPlane.snapshotFor(proxyNode())?.endpoint.size !== 50) await other.published();
    expect(await synced(other.connect(), held)).toEqual(held);
    expect(pushed(other).resources).toBe(0);
  });
});

test('R-29: the end of one stream of a proxy leaves its other streams in force', async () => {
  const { connect, source } = await replica(shops(1));
  const [one, other] = [connect(), connect()];
  for (const client of [one, other]) {
    client.subscribe('cluster');
    await client.take('cluster');
  }
  one.close();
  await one.ended;
  source.apply(shop(1));
  expect((await other.take('cluster')).resources.has('outbound|80||shop-1.default.svc.cluster.local')).toBe(true);
});

const desk = (port: number): string => `
apiVersion: v1
kind: Service
metadata:
  name: desk
spec:
  ports:
  - {name: http, port: ${port}}
`;

describe.each<Protocol>(['sotw', 'delta'])('R-04 %s', (protocol) => {
  test('R-04: what a proxy refuses is a diagnostic at the line behind it, until it takes the correction', async () => {
    const { connect, source, controlPlane, published } = await replica(`${desk(80)}`);
    const client = connect({ protocol, node: { id: 'sidecar~10.0.0.1~web.default~x' } });
    client.subscribe('cluster');
    const said = published();
    const cluster = 'outbound|80||desk.default.svc.cluster.local';
    client.nack(await client.next('cluster'), `Error adding/updating cluster(s) ${cluster}: too tall`);
    await said;
    const refusals = () => controlPlane.diagnostics.filter(({ code }) => code === 'SLC0501');
    const [diagnostic, ...others] = locateDiagnostics(refusals(), controlPlane.objects);
    expect(others).toEqual([]);
    expect(diagnostic?.message).toBe(
      `sidecar~10.0.0.1~web.default~x refused it: Error adding/updating cluster(s) ${cluster}: too tall`,
    );
    expect(diagnostic && describePlace(diagnostic)).toBe('SLC0501 memory.yaml:2:1  Service default/desk');
    source.apply(desk(81));
    await client.take('cluster');
    expect(refusals()).toEqual([]);
  });
});

test('R-04: what a proxy has refused that is gone since is no longer said once it is corrected', async () => {
  const { connect, source, controlPlane, published } = await replica(`${desk(80)}`);
  const client = connect({ node: { id: 'sidecar~10.0.0.1~web.default~x' } });
  client.subscribe('cluster');
  const cluster = 'outbound|80||desk.default.svc.cluster.local';
  const said = published();
  client.nack(await client.next('cluster'), `Error adding/updating cluster(s) ${cluster}: too tall`);
  await said;
  client.close();
  await client.ended;
  const corrected = published();
  source.apply(desk(81));
  await corrected;
  expect(controlPlane.diagnostics.filter(({ code }) => code === 'SLC0501')).toEqual([]);
});

test('R-04: what a proxy refuses without a name is said until the proxy is gone', async () => {
  const { connect, controlPlane, published } = await replica(shops(2));
  const client = connect({ node: { id: 'sidecar~10.0.0.1~web.default~x' } });
  client.subscribe('cluster');
  const said = published();
  client.nack(await client.next('cluster'), 'no');
  await said;
  const unsaid = published();
  client.close();
  await unsaid;
  expect(controlPlane.diagnostics.filter(({ code }) => code === 'SLC0501')).toEqual([]);
});

describe('a storm of changes', () => {
  test('R-32: is published when it is quiet, once', async () => {
    const { source, controlPlane, published } = await replica(shops(1), { quiet: 1_000, longest: 600_000 });
    const first = published();
    source.apply(shop(1));
    await first;
    let publications = 0;
    controlPlane.onPublish(() => {
      publications += 1;
    });
    const last = published();
    for (let index = 2; index < 22; index += 1) {
      source.apply(shop(index));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await last;
    expect(publications).toBe(1);
    expect(controlPlane.snapshotFor(proxyNode())?.endpoint.size).toBe(22);
  });

  test('R-32: that does not end is published all the same', async () => {
    const { source, published } = await replica(shops(1), { quiet: 5_000, longest: 20 });
    const first = published();
    source.apply(shop(1));
    await first;
    let arrived = false;
    const second = published().then(() => {
      arrived = true;
    });
    for (let index = 2; index < 600 && !arrived; index += 1) {
      source.apply(shop(index));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(arrived).toBe(true);
    await second;
  });
});
