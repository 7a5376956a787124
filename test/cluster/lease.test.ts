// A Lease at a real API: one of several replicas leads, and none when nobody can know.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import { kubeAccess } from '../../src/kube/access.ts';
import { KubeApi } from '../../src/kube/api.ts';
import { Lease } from '../../src/status/lease.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { Cluster, type Way } from './cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.close());

const times = { duration: 1500, deadline: 1000, retry: 200 };

interface Replica {
  readonly lease: Lease;
  readonly errors: string[];
}

/** It ends with the test. */
async function replica(identity: string, name: string, way: Way = {}): Promise<Replica> {
  const path = await cluster.kubeconfig(way);
  const errors: string[] = [];
  const api = new KubeApi(() => kubeAccess({ path, context: null }));
  const onError = (reason: string): void => void errors.push(reason);
  const lease = new Lease({ api, namespace: 'default', name, identity, times, onError });
  lease.start();
  onTestFinished(() => lease.close());
  return { lease, errors };
}

const until = (what: string, met: () => boolean): Promise<unknown> =>
  poll(async () => met() || undefined, { within: 20_000, every: 5, what });

const holder = (name: string): Promise<string> =>
  cluster.kubectl(['get', 'lease', name, '-o', 'jsonpath={.spec.holderIdentity}']);

test('of three one leads, and when it ends another need not wait', async () => {
  const all = [await replica('a', 'three'), await replica('b', 'three'), await replica('c', 'three')];
  const leaders = () => all.filter(({ lease }) => lease.leading);
  await until('a leader', () => leaders().length > 0);
  expect(leaders()).toHaveLength(1);
  const [first] = leaders();
  await first?.lease.close();
  expect(await holder('three')).toBe('');
  await until('another leader', () => leaders().length > 0);
  expect(leaders()).toHaveLength(1);
});

test('R-71: a leader that no longer reaches the API stops before another begins', async () => {
  const proxy = await startTcpProxy({ port: cluster.ports.api });
  onTestFinished(() => proxy.close());
  const cut = await replica('cut', 'partition', { port: proxy.port });
  await until('the first leader', () => cut.lease.leading);
  for (let turn = 0; turn < 3; turn += 1) {
    const other = await replica(`other-${turn}`, 'partition');
    proxy.silent(true);
    let both = 0;
    await until('the other leader', () => {
      if (cut.lease.leading && other.lease.leading) both += 1;
      return other.lease.leading;
    });
    expect(both).toBe(0);
    expect(cut.lease.leading).toBe(false);
    proxy.silent(false);
    proxy.reset();
    await other.lease.close();
    await until('the first one again', () => cut.lease.leading);
  }
});

test('R-72: who was stopped for longer than the Lease knows at once that it does not lead', async () => {
  const stopped = await replica('stopped', 'stop');
  await until('a leader', () => stopped.lease.leading);
  // The whole event loop stands still, as with SIGSTOP: no timer can have run when it goes on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, times.deadline + 200);
  expect(stopped.lease.leading).toBe(false);
  await until('it leads again', () => stopped.lease.leading);
});

const forged = (name: string, spec: string): string =>
  `apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: ${name}, namespace: default}\nspec: ${spec}\n`;

test("R-73, S-51: of another's Lease nothing is believed but that it changes", async () => {
  const spec = '{holderIdentity: ghost, leaseDurationSeconds: 1, renewTime: "2126-01-01T00:00:00.000000Z"}';
  await cluster.apply(forged('future', spec));
  const { lease } = await replica('heir', 'future');
  await until('it leads though the Lease says that it was renewed in a hundred years', () => lease.leading);
  expect(await holder('future')).toBe('heir');
});

test('R-74: who may not write Leases never leads, and says why', async () => {
  await cluster.kubectl(['create', 'serviceaccount', 'nobody']);
  const token = (await cluster.kubectl(['create', 'token', 'nobody'])).trim();
  const { lease, errors } = await replica('nobody', 'forbidden', { user: { token } });
  await until('a refusal', () => errors.length > 1);
  expect(lease.leading).toBe(false);
  expect(errors[0]).toContain('forbidden');
});
