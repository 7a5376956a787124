// What becomes of objects stands in their status: accepted or not, and which proxies have them. A real Envoy takes and refuses.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePortOn } from '../../src/cli/demo/free-ports.ts';
import { bootstrap } from '../../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import { type Serving, serve, sluice } from '../cli/sluice.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
let offset: number;

const web = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [198.19.77.21]}]
`;
const rule = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web}\nspec: ${spec}\n`;

async function start(): Promise<Serving> {
  const port = await freePortOn(['127.0.0.1']);
  const kube = ['--kube', '--kubeconfig', await cluster.kubeconfig(), '--write-status', '--lease', 'default/sluice'];
  return serve([...kube, '--xds-address', `127.0.0.1:${port}`]);
}

/** An Envoy that captures nothing. */
async function startEnvoy(serving: Serving): Promise<void> {
  const [host = '', port] = serving.xds.split(':');
  const envoy = await EnvoyProcess.start({
    bootstrap: bootstrap({
      node: { ip: '127.0.0.1', name: 'laptop', namespace: 'default', interception: 'NONE', portOffset: offset },
      xds: { host, port: Number(port) },
      protocol: 'delta',
      admin: { host: '127.0.0.1', port: 0 },
      runtime: {},
    }),
    ...{ binary: findEnvoy(undefined), launchedBy: [], concurrency: 1, logLevel: 'error' },
    folder: cluster.folder,
  });
  onTestFinished(() => envoy.stop());
}

beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.apply(await readFile('build/istio-api/crds.yaml', 'utf8'));
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  await cluster.apply(web);
  offset = (await freePortOn(['127.0.0.1'])) - 80;
});
afterAll(() => cluster?.close());

const condition = async (object: string, type: string): Promise<string> => {
  const path = `jsonpath={range .status.conditions[?(@.type=="${type}")]}{.status} {.reason} {.observedGeneration} {.message}{end}`;
  return cluster.kubectl(['get', object, '-o', path]);
};

async function shown(object: string, type: string, part: string): Promise<string> {
  const look = async () => {
    const text = await condition(object, type);
    return text.includes(part) ? text : undefined;
  };
  return poll(look, { within: 30_000, every: 200, what: `${type} of ${object} to say ${part}` });
}

test('kubectl and sluice wait until all proxies have it; what is wrong is told with the generation that it is about', async () => {
  await startEnvoy(await start());
  await cluster.apply(rule('{host: web, trafficPolicy: {loadBalancer: {simple: RANDOM}}}'));
  await cluster.kubectl(['wait', '--for=condition=Programmed', 'destinationrule/web', '--timeout=30s']);
  const kube = ['--kubeconfig', await cluster.kubeconfig()];
  const waited = await sluice(['wait', '--for=programmed', 'dr/web', ...kube]);
  expect([waited.status, waited.stdout]).toEqual([0, 'dr/web is programmed: 1 of 1 proxies have it\n']);
  expect(await shown('destinationrule/web', 'Accepted', 'True')).toBe('True Accepted 1 ');

  await cluster.apply(rule('{host: web, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}'));
  await shown('destinationrule/web', 'Programmed', 'True Programmed 2');
  await cluster.apply(rule('{host: nobody}'));
  expect(await shown('destinationrule/web', 'ResolvedRefs', 'False')).toContain('NotFound 3 SLC0201 spec.host');
  const never = await sluice(['wait', '--for=programmed', 'destinationrule/other', ...kube, '--timeout', '1s']);
  expect([never.status, never.stderr]).toEqual([1, expect.stringContaining('destinationrule/other')]);
});

test('R-04: what a proxy refuses is told on the object, with its words, and taken back when it is mended', async () => {
  await startEnvoy(await start());
  const other = createServer().listen(81 + offset, '127.0.0.1');
  await once(other, 'listening');
  const entry = (port: number): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: desk}
spec:
  hosts: [desk.example.com]
  ports: [{number: ${port}, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 198.19.77.21}]
`;
  await cluster.apply(entry(81));
  expect(await shown('serviceentry/desk', 'Programmed', 'Refused')).toMatch(/^False Refused 1 SLC0501 .*cannot bind/);
  const told = async () => {
    const reasons = await cluster.kubectl(['get', 'events', '-o', 'jsonpath={.items[*].reason}']);
    return reasons.includes('ProgrammedRefused') || undefined;
  };
  await poll(told, { within: 10_000, every: 200, what: 'an Event' });
  await cluster.apply(entry(82));
  await shown('serviceentry/desk', 'Programmed', 'True Programmed 2');
  other.close();
});

test('R-70: objects that come and go, and writes of others, are met with no hot loop and no complaint', async () => {
  const serving = await start();
  const rules = Array.from({ length: 5 }, (_, index) => rule('{host: web}').replace('name: web', `name: r${index}`));
  for (let round = 0; round < 3; round += 1) {
    await cluster.apply(rules.join('---\n'));
    await cluster.delete(rules.join('---\n'));
  }
  await cluster.apply(rule('{host: web}'));
  const generation = await cluster.kubectl(['get', 'destinationrule/web', '-o', 'jsonpath={.metadata.generation}']);
  // Until then what stands there is of the control plane before this one.
  await shown('destinationrule/web', 'Programmed', `True Programmed ${generation} `);
  await cluster.kubectl(['annotate', 'destinationrule/web', 'a=b']);
  const version = () => cluster.kubectl(['get', 'destinationrule/web', '-o', 'jsonpath={.metadata.resourceVersion}']);
  const before = await version();
  // Each is written in a round of its own, which has looked at all others as well.
  for (const name of ['first', 'second', 'third']) {
    await cluster.apply(rule('{host: web}').replace('name: web', `name: ${name}`));
    await shown(`destinationrule/${name}`, 'Programmed', 'True');
  }
  expect(await version()).toBe(before);
  const ended = await serving.end('SIGTERM');
  expect(ended.status).toBe(0);
  expect(ended.stderr).not.toContain('could not be written');
});
