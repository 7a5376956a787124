// Pods as injection makes them, run: their containers' own commands as processes in network namespaces, which needs root;
// elsewhere it is skipped.
import { execFile } from 'node:child_process';
import { Agent, get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ControlPlane } from '../../src/control-plane.ts';
import { usualMesh } from '../../src/inject/pod/mesh-settings.ts';
import { poll } from '../../src/inject/poll.ts';
import { injectWorkload } from '../../src/inject/workload.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { MemorySource } from '../../src/sources/memory.ts';
import { startXdsServer } from '../../src/xds/server.ts';
import { hostAddress, type Pod, PodNetwork, whyNoNamespaces } from '../harness/network.ts';
import { ask, NodeAgent, type Running } from '../harness/node-agent.ts';
import { startPodServer } from '../harness/pod-program.ts';

const service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 198.19.99.10
  ports: [{name: http, port: 80, targetPort: 8080}]
`;

const endpoints = (addresses: readonly string[]): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [${addresses.map((each) => `{addresses: [${each}]}`).join()}]
`;

const podYaml = (name: string): string => `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  annotations:
    proxy.istio.io/config: |
      concurrency: 1
      drainDuration: 1s
      proxyMetadata: {EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true", MINIMUM_DRAIN_DURATION: 100ms}
spec:
  containers:
    - name: app
      image: app
      livenessProbe: {tcpSocket: {port: 9000}}
      readinessProbe: {httpGet: {path: /ready, port: 8080}}
      startupProbe: {httpGet: {path: /, port: 8081}}
`;

const execute = promisify(execFile);
const inNode = (file: string): readonly string[] => [
  process.execPath,
  fileURLToPath(new URL(`../harness/${file}`, import.meta.url)),
];

const reason = whyNoNamespaces();
const closers: (() => unknown)[] = [];
const source = new MemorySource();
let client: Pod;
let server: Pod;
let sidecars: ReadonlyMap<string, Running>;

const call = async (count: number): Promise<readonly string[]> => {
  const [program = '', ...args] = [
    ...client.enter,
    ...inNode('pod-client.ts'),
    'http',
    'http://198.19.99.10/',
    `${count}`,
  ];
  return (await execute(program, args)).stdout.trimEnd().split('\n');
};

function injected(name: string, controlPlane: string): JsonObject {
  const mesh = { ...usualMesh, security: 'plain-text', controlPlane } as const;
  const namespaceOf = () => ({ name: 'default', labels: new Map<string, string>(), unlabelled: 'in' }) as const;
  const injection = injectWorkload(parse(podYaml(name)), { mesh, namespaceOf });
  expect(injection).toMatchObject({ kind: 'injected', diagnostics: [] });
  return injection?.pod ?? {};
}

async function start(): Promise<void> {
  const network = new PodNetwork();
  closers.push(() => network.close());
  source.apply(service);
  source.apply(endpoints(['198.19.77.21']));
  const controlPlane = new ControlPlane({ sources: [source], allowLoopbackEndpoints: false });
  closers.push(() => controlPlane.close());
  await controlPlane.start();
  const xds = await startXdsServer({ provider: controlPlane, host: hostAddress, port: 0 });
  closers.push(() => xds.close());
  const node = await NodeAgent.create();
  closers.push(() => node.close());
  const address = `${hostAddress}:${xds.port}`;
  client = network.plainPod('client', 11);
  server = network.plainPod('server', 21);
  await node.startInit(injected('client', address), client);
  sidecars = await node.startInit(injected('server', address), server);
  closers.push((await startPodServer(server, 'server')).end);
}

describe.skipIf(reason !== null)(`an injected pod${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    await start();
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  test('has its connections captured on both sides', async () => {
    expect(new Set(await call(5))).toEqual(new Set(['200 server 127.0.0.6']));
    expect(await ask(client, 15090, '/stats/prometheus')).toBe(200);
  });

  test('answers the probes of its containers by way of the agent, which asks nothing else', async () => {
    for (const probe of ['livez', 'readyz', 'startupz']) {
      expect([probe, await ask(server, 15020, `/app-health/app/${probe}`)]).toEqual([probe, 200]);
    }
    expect(await ask(server, 15020, '/app-health/other/livez')).toBe(404);
    // The workload of this pod does not run.
    expect(await ask(client, 15020, '/app-health/app/livez')).toBe(500);
  });

  test('is waited for by sluice proxy wait', async () => {
    const [program = '', ...args] = [
      ...server.enter,
      process.execPath,
      'src/main.ts',
      'proxy',
      'wait',
      '--timeout',
      '5',
    ];
    await execute(program, args);
  });

  test('drains on SIGTERM: what is connected is served until it goes, and nobody is sent there as if it were ready', async () => {
    const sidecar = sidecars.get('istio-proxy');
    if (sidecar === undefined) throw new Error('the sidecar goes on beside the workload');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const request = () =>
      new Promise<string>((resolve, reject) => {
        get({ host: server.address, port: 8080, agent }, (response) => {
          response.setEncoding('utf8').on('data', (text: string) => resolve(`${response.statusCode} ${text.trim()}`));
        }).on('error', reject);
      });
    expect(await request()).toBe('200 server 127.0.0.6');
    sidecar.signal('SIGTERM');
    const unready = async () => ((await ask(server, 15021, '/healthz/ready')) === 503 ? true : undefined);
    await poll(unready, { within: 10_000, every: 20, what: 'the sidecar to say that it ends' });
    expect(await request()).toBe('200 server 127.0.0.6');
    agent.destroy();
    // Others let go of what they have, as its endpoint goes.
    source.apply(endpoints([]));
    expect(await sidecar.ended).toBe(0);
    expect(await ask(server, 15021, '/healthz/ready')).toBe(null);
  });
});
