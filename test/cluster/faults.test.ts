// What goes wrong between the source and a Kubernetes API, by the numbers of the faults.
import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import { startTcpProxy, type TcpProxy, type TcpProxyOptions } from '../harness/tcp-proxy.ts';
import { configMap } from '../sources/report-log.ts';
import { Cluster } from './cluster.ts';
import { configMaps, followCluster } from './kube-world.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterEach(async () => {
  await cluster.kubectl(['delete', 'configmaps', '--all', '--namespace=default']);
});
afterAll(() => cluster?.close());

const wanted = [configMaps];
const patience = { within: 20_000, every: 20 };

/** Something between the source and the API; it ends with the test. */
async function between(options: Partial<TcpProxyOptions> = {}): Promise<TcpProxy> {
  const proxy = await startTcpProxy({ port: cluster.ports.api, ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

const until = (what: string, met: () => boolean): Promise<unknown> =>
  poll(async () => met() || undefined, { ...patience, what });

test('R-60: what a watch goes on from is too old: all is listed, and only what differs is a change', async () => {
  const proxy = await between();
  await cluster.apply([configMap('a', 'one'), configMap('b', 'one')].join('---\n'));
  const { log, events, started } = await followCluster(cluster, { wanted, port: proxy.port });
  await started;
  const kept = log.object('b');
  const reports = log.reports.length;
  proxy.silent(true);
  await cluster.delete(configMap('a', 'one'));
  await cluster.apply(configMap('c', 'one'));
  await cluster.compact();
  await cluster.stop('kube-apiserver');
  await cluster.startApi();
  proxy.silent(false);
  proxy.reset();
  await log.until(() => log.find('c') !== undefined);
  const again = events.filter((event) => event.kind === 'listed' && event.again);
  expect(again).toHaveLength(1);
  expect(log.find('a')).toBe(undefined);
  expect(log.object('b')).toBe(kept);
  const ids = log.reports.slice(reports).flatMap(({ changes }) => changes.map(({ kind }) => kind));
  expect(ids.sort()).toEqual(['applied', 'deleted']);
});

test('R-61: a watch that says nothing any more is begun again', async () => {
  const proxy = await between();
  await cluster.apply(configMap('a', 'one'));
  const { log, started } = await followCluster(cluster, { wanted, port: proxy.port, timers: { idle: 1000 } });
  await started;
  const opened = proxy.opened;
  proxy.silent(true);
  await cluster.apply(configMap('a', 'two'));
  await until('another watch', () => proxy.opened > opened);
  expect(log.value('a')).toBe('one');
  proxy.silent(false);
  await log.until(() => log.value('a') === 'two');
});

test('R-62: bytes that come in any pieces, and connections that break in the middle, lose and invent nothing', async () => {
  const proxy = await between({ piece: 5 });
  const text = 'gr\u00fc\u00df \u4f60\u597d \u{1f600}'.repeat(20);
  await cluster.apply(configMap('a', text));
  const { log, events, started } = await followCluster(cluster, { wanted, port: proxy.port });
  await started;
  expect(log.value('a')).toBe(text);
  const turns = Array.from({ length: 10 }, (_, index) => index);
  for (const turn of turns) {
    const applied = cluster.apply(configMap('a', `${turn} ${text}`));
    proxy.reset();
    await applied;
    proxy.reset();
  }
  await log.until(() => log.value('a') === `9 ${text}`);
  const written = new Set([text, ...turns.map((turn) => `${turn} ${text}`)]);
  for (const { changes } of log.reports) {
    for (const change of changes) {
      const { value } = (change.kind === 'applied' ? change.object.json['data'] : {}) as { readonly value?: string };
      if (value !== undefined) expect(written).toContain(value);
    }
  }
  expect(events.filter(({ kind }) => kind === 'failed').length).toBeGreaterThan(0);
});

test('R-63: at the start it is waited for', async () => {
  await cluster.stop('kube-apiserver');
  const { log, events, started } = await followCluster(cluster, { wanted });
  await until('a failure', () => events.filter(({ kind }) => kind === 'undiscovered').length >= 2);
  expect(log.reports).toEqual([]);
  await cluster.startApi();
  await started;
  expect(log.reports).toHaveLength(1);
});

test('R-64, R-66: later what is known stays, and it is asked for again and again, but ever more seldom', async () => {
  await cluster.apply(configMap('a', 'one'));
  const proxy = await between();
  const timers = { backoff: { first: 50, most: 400 }, discovery: 600_000 };
  const { log, events, started } = await followCluster(cluster, { wanted, port: proxy.port, timers });
  await started;
  const opened = proxy.opened;
  await cluster.stop('kube-apiserver');
  const failures = () => events.flatMap((event) => (event.kind === 'failed' ? [event.again] : []));
  await until('eight failures', () => failures().length >= 8);
  // One connection each; the first failure is the end of the watch.
  expect(proxy.opened - opened).toBeLessThanOrEqual(failures().length);
  const [first = 0, ...later] = failures();
  expect(first).toBeLessThanOrEqual(50);
  for (const again of later.slice(4)) expect(again).toBeGreaterThanOrEqual(200);
  expect(log.reports).toHaveLength(1);
  await cluster.startApi();
  await cluster.apply(configMap('a', 'two'));
  await log.until(() => log.value('a') === 'two');
  expect(log.reports.flatMap(({ changes }) => changes).filter(({ kind }) => kind === 'deleted')).toEqual([]);
});

const account = 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: reader}\n';
const role = (kind: string, more: string) =>
  `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata: {name: reader}\n${more}`;
const rules = role('ClusterRole', 'rules: [{apiGroups: [""], resources: [configmaps], verbs: [list, watch]}]\n');
const binding = role(
  'ClusterRoleBinding',
  'roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}\n' +
    'subjects: [{kind: ServiceAccount, name: reader, namespace: default}]\n',
);
const token = async () => (await cluster.kubectl(['create', 'token', 'reader'])).trim();

test('whoever may not read is told so, nothing is served, and a role is noticed', async () => {
  await cluster.apply([account, rules].join('---\n'));
  const { log, events, started } = await followCluster(cluster, { wanted, user: { token: await token() } });
  await until('a refusal', () => events.some((event) => event.kind === 'failed' && event.status === 403));
  expect(log.reports).toEqual([]);
  await cluster.apply(binding);
  await started;
  await cluster.apply(configMap('a', 'one'));
  await log.until(() => log.value('a') === 'one');
});

test('R-67: a token that was replaced is read again', async () => {
  await cluster.apply([account, rules, binding].join('---\n'));
  const tokenFile = cluster.path('token');
  await writeFile(tokenFile, 'e30.e30.e30');
  const { events, started } = await followCluster(cluster, { wanted, user: { tokenFile } });
  await until('a refusal', () => events.some(({ kind }) => kind === 'undiscovered'));
  await writeFile(tokenFile, await token());
  await started;
});

test('R-68: a kind that comes later is read, and one that goes takes its objects along', async () => {
  const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: destinationrules.networking.istio.io}
spec:
  group: networking.istio.io
  scope: Namespaced
  names: {kind: DestinationRule, plural: destinationrules, singular: destinationrule}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;
  const rule = 'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r}\nspec: {host: a}\n';
  const rules = { group: 'networking.istio.io', kind: 'DestinationRule', versions: ['v1'] };
  const { log, events, started } = await followCluster(cluster, { wanted: [configMaps, rules] });
  await started;
  await cluster.apply(definition);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  await cluster.apply(rule);
  await log.until(() => log.find('r', 'DestinationRule') !== undefined);
  await cluster.delete(definition);
  await log.until(() => log.find('r', 'DestinationRule') === undefined);
  await until('its end', () => events.some(({ kind }) => kind === 'gone'));
  await cluster.apply(definition);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  await cluster.apply(rule);
  await log.until(() => log.find('r', 'DestinationRule') !== undefined);
  await cluster.delete(definition);
});
