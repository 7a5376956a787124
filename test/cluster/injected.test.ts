// Pods that a real API server has had injected, run, and policies that are applied with kubectl: two workloads speak mutual TLS,
// and every algorithm is seen in traffic. Needs root for the pods' network; elsewhere it is skipped.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Serving } from '../cli/sluice.ts';
import { hostAddress, type Pod, PodNetwork, whyNoNamespaces } from '../harness/network.ts';
import { NodeAgent } from '../harness/node-agent.ts';
import { startPodServer } from '../harness/pod-program.ts';
import { Cluster } from './cluster.ts';
import { Installed } from './installed.ts';

const execute = promisify(execFile);
const reason = whyNoNamespaces();
let cluster: Cluster;
let client: Pod;

const podYaml = (name: string, account: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: ${account}}}
spec: {serviceAccountName: ${account}, containers: [{name: app, image: example.com/app:1}]}
`;

const service = (address: string, pods: Readonly<Record<string, Pod>>): string => `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: ${address}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints:
${Object.entries(pods)
  .map(([name, { address: ip }]) => `- {addresses: [${ip}], targetRef: {kind: Pod, name: ${name}, namespace: shop}}`)
  .join('\n')}
`;

const object = (kind: string, group: string, name: string, spec: string): string =>
  `apiVersion: ${group}.istio.io/v1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;

/** Has the API server inject a pod, and runs what it made of it as a node would. */
async function run(node: NodeAgent, name: string, account: string, network: Pod, { xdsTls }: Serving): Promise<void> {
  const kubectl = (...words: readonly string[]) => cluster.kubectl([...words, '-n', 'shop']);
  await poll(
    () =>
      cluster.apply(podYaml(name, account)).then(
        () => true as const,
        () => undefined,
      ),
    {
      ...{ within: 30_000, every: 200, what: 'the injector to be believed' },
    },
  );
  await kubectl(
    'patch',
    'pod',
    name,
    '--subresource=status',
    '-p',
    JSON.stringify({ status: { podIP: network.address, podIPs: [{ ip: network.address }] } }),
  );
  const found = await kubectl('get', 'pod', name, '-o', 'json');
  // There is no DNS here.
  const pod = JSON.parse(found.replaceAll('sluice.sluice-system.svc:15012', xdsTls)) as JsonObject;
  const bound = ['--bound-object-kind=Pod', `--bound-object-name=${name}`];
  const token = (await kubectl('create', 'token', account, '--audience=istio-ca', ...bound)).trim();
  const roots = await kubectl(
    'get',
    'configmap',
    'istio-ca-root-cert',
    '-o',
    String.raw`jsonpath={.data.root-cert\.pem}`,
  );
  await node.mount(network, { 'istio-token': token, 'root-cert.pem': roots });
  await node.startInit(pod, network);
}

async function calls(count: number): Promise<readonly string[]> {
  const program = fileURLToPath(new URL('../harness/pod-client.ts', import.meta.url));
  const words = [...client.enter, process.execPath, program, 'http', 'http://10.96.0.10/', String(count)];
  const [command = '', ...args] = words;
  return (await execute(command, args)).stdout.trimEnd().split('\n');
}

async function balancedBy(loadBalancer: string): Promise<readonly string[]> {
  await cluster.apply(
    object('DestinationRule', 'networking', 'web', `{host: web, trafficPolicy: {loadBalancer: ${loadBalancer}}}`),
  );
  const generation = await cluster.kubectl([
    'get',
    'destinationrule/web',
    '-n',
    'shop',
    '-o',
    'jsonpath={.metadata.generation}',
  ]);
  const path = 'jsonpath={range .status.conditions[?(@.type=="Programmed")]}{.status} {.observedGeneration}{end}';
  const look = async () =>
    (await cluster.kubectl(['get', 'destinationrule/web', '-n', 'shop', '-o', path])) === `True ${generation}` ||
    undefined;
  await poll(look, { within: 30_000, every: 100, what: `${loadBalancer} to be programmed` });
  const answers = await calls(40);
  const good = ['one', 'two'].map((name) => `200 ${name} 127.0.0.6 spiffe://cluster.local/ns/shop/sa/client`);
  expect(answers.filter((each) => !good.includes(each))).toEqual([]);
  return answers.map((each) => each.split(' ')[1] ?? '');
}

/** Three injected pods, one of which calls the others. All of it ends with the test. */
async function startMesh(): Promise<void> {
  cluster = await Cluster.start();
  onTestFinished(() => cluster.close());
  const installed = await Installed.into(cluster);
  const network = new PodNetwork();
  onTestFinished(() => network.close());
  await cluster.kubectl(['create', 'namespace', 'shop']);
  await cluster.kubectl(['label', 'namespace', 'shop', 'istio-injection=enabled']);
  for (const name of ['client', 'web']) await cluster.kubectl(['create', 'serviceaccount', name, '-n', 'shop']);
  const servers = { one: network.plainPod('one', 21), two: network.plainPod('two', 22) };
  client = network.plainPod('client', 11);
  const serving = await installed.start(60_000, [`--server-name=${hostAddress}`, `--xds-tls-address=${hostAddress}:0`]);
  await installed.believed();
  const node = await NodeAgent.create();
  onTestFinished(() => node.close());
  await cluster.apply(service('10.96.0.10', servers));
  await cluster.apply(object('PeerAuthentication', 'security', 'default', '{mtls: {mode: STRICT}}'));
  for (const [name, pod] of Object.entries(servers)) {
    await run(node, name, 'web', pod, serving);
    onTestFinished((await startPodServer(pod, name)).end);
  }
  await run(node, 'client', 'client', client, serving);
}

test.skipIf(reason !== null)(
  `injected pods speak mutual TLS, and are balanced as kubectl says${reason === null ? '' : ` (skipped: ${reason})`}`,
  async () => {
    await startMesh();
    const one = (answers: readonly string[]): number => answers.filter((each) => each === 'one').length;
    expect(one(await balancedBy('{simple: ROUND_ROBIN}'))).toBe(20);
    for (const simple of ['RANDOM', 'LEAST_REQUEST']) {
      const share = one(await balancedBy(`{simple: ${simple}}`));
      expect([simple, share > 4, share < 36]).toEqual([simple, true, true]);
    }
    for (const table of ['ringHash: {minimumRingSize: 64}', 'maglev: {tableSize: 65537}']) {
      expect([0, 40]).toContain(one(await balancedBy(`{consistentHash: {useSourceIp: true, ${table}}}`)));
    }
  },
);
