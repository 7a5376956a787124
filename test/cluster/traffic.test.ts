// `sluice serve --kube`: a real Envoy follows what is applied with kubectl. Needs root for the pods' network; elsewhere it is
// skipped.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePortOn } from '../../src/cli/demo/free-ports.ts';
import { HttpClient, plainCall } from '../../src/cli/demo/traffic.ts';
import { bootstrap } from '../../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import { serve } from '../cli/sluice.ts';
import { PodNetwork, whyNoNamespaces } from '../harness/network.ts';
import { startPodServer } from '../harness/pod-program.ts';
import { Cluster } from './cluster.ts';

const reason = whyNoNamespaces();
const service =
  'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 80, targetPort: 8080}]}\n';
const slice = (addresses: readonly string[]): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [${addresses.map((each) => `{addresses: [${each}]}`).join()}]
`;

let cluster: Cluster;

/** An Envoy that captures nothing; it ends with the test. */
async function startEnvoy(xdsPort: number, portOffset: number): Promise<void> {
  const envoy = await EnvoyProcess.start({
    bootstrap: bootstrap({
      node: { ip: '127.0.0.1', name: 'laptop', namespace: 'default', interception: 'NONE', portOffset },
      xds: { host: '127.0.0.1', port: xdsPort },
      protocol: 'delta',
      admin: { host: '127.0.0.1', port: 0 },
      runtime: { 'upstream.use_retry': 0 },
    }),
    ...{ binary: findEnvoy(undefined), launchedBy: [], concurrency: 1, logLevel: 'warning' },
    folder: cluster.folder,
  });
  onTestFinished(() => envoy.stop());
}

describe.skipIf(reason !== null)(`traffic${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster?.close());

  test('an Envoy follows the endpoints of the API, also after the control plane and the API have been away', async () => {
    const network = new PodNetwork();
    onTestFinished(() => network.close());
    const pods = [network.plainPod('one', 21), network.plainPod('two', 22)];
    for (const pod of pods) onTestFinished((await startPodServer(pod, pod.name)).end);
    await cluster.apply([service, slice(['198.19.77.21'])].join('---\n'));
    const kube = ['--kube', '--kubeconfig', await cluster.kubeconfig()];
    const xdsPort = await freePortOn(['127.0.0.1']);
    const args = [...kube, '--xds-address', `127.0.0.1:${xdsPort}`];
    let serving = await serve(args);
    const offset = (await freePortOn(['127.0.0.1'])) - 80;
    await startEnvoy(xdsPort, offset);
    const client = new HttpClient({ address: '127.0.0.1', port: 80 + offset, host: 'web' });
    onTestFinished(() => client.close());
    const answers = async (name: string): Promise<unknown> => {
      const look = async () => {
        const answer = await client.call(plainCall);
        return (answer.kind === 'answered' && answer.by.includes(name)) || undefined;
      };
      return poll(look, { within: 30_000, every: 20, what: `${name} to answer` });
    };
    await answers('one');
    await cluster.apply(slice(['198.19.77.22']));
    await answers('two');
    await serving.end('SIGKILL');
    await cluster.stop('kube-apiserver');
    await answers('two');
    await cluster.startApi();
    await cluster.apply(slice(['198.19.77.21']));
    serving = await serve(args);
    await answers('one');
    expect((await serving.end('SIGTERM')).status).toBe(0);
  });
});

test('a control plane whose API does not answer is not ready, and ends when it is asked to', async () => {
  const away = await Cluster.start();
  const path = await away.kubeconfig();
  onTestFinished(() => away.close());
  await away.stop('kube-apiserver');
  const port = await freePortOn(['127.0.0.1']);
  const serving = serve(['--kube', '--kubeconfig', path, '--http-address', `127.0.0.1:${port}`]);
  const look = async () => {
    const status = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.status,
      () => undefined,
    );
    return status === 503 ? true : undefined;
  };
  await poll(look, { within: 20_000, every: 50, what: 'it to say that it is not ready' });
  await away.startApi();
  expect((await (await serving).end('SIGTERM')).status).toBe(0);
});
