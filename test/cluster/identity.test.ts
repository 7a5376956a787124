// Certificates for tokens that the API server itself has issued, signed by a CA in a Secret, and the roots in every namespace.
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { newCsr } from '../../src/identity/new-csr.ts';
import { poll } from '../../src/inject/poll.ts';
import { type Serving, serve } from '../cli/sluice.ts';
import { type Answer, askForCertificate } from '../harness/certificate-client.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.kubectl(['create', 'namespace', 'sluice-system']);
  await cluster.kubectl(['create', 'namespace', 'town']);
  await cluster.kubectl(['create', 'serviceaccount', 'baker', '-n', 'town']);
});
afterAll(() => cluster?.close());

const pod = `
apiVersion: v1
kind: Pod
metadata: {name: baker-1, namespace: town}
spec: {serviceAccountName: baker, containers: [{name: app, image: none}]}
`;

const token = async (...more: readonly string[]): Promise<string> =>
  (await cluster.kubectl(['create', 'token', 'baker', '-n', 'town', ...more])).trim();

const secret = async (): Promise<Record<string, string>> => {
  const text = await cluster.kubectl(['get', 'secret', 'cacerts', '-n', 'sluice-system', '-o', 'jsonpath={.data}']);
  const data = JSON.parse(text) as Record<string, string>;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
};

const start = async (...more: readonly string[]): Promise<Serving> =>
  serve([
    ...['--kube', '--kubeconfig', await cluster.kubeconfig(), '--ca-secret', 'sluice-system/cacerts'],
    ...['--xds-address', 'none', '--xds-tls-address', '127.0.0.1:0', '--server-name', 'sluice.test', ...more],
  ]);

async function ask({ xdsTls }: Serving, bearer: string): Promise<Answer> {
  const roots = (await secret())['root-cert.pem'] ?? '';
  const port = Number(xdsTls.split(':').at(-1));
  return askForCertificate({ port, roots, serverName: 'sluice.test', csr: (await newCsr()).csr, token: bearer });
}

test('a token of the API gets a certificate of its service account; others get none', async () => {
  const serving = await start();
  await cluster.apply(pod);
  const answer = await ask(
    serving,
    await token('--audience=istio-ca', '--bound-object-kind=Pod', '--bound-object-name=baker-1'),
  );
  if (!('chain' in answer)) throw new Error(answer.details);
  const leaf = new X509Certificate(answer.chain[0] ?? '');
  expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/town/sa/baker');
  expect(leaf.verify(new X509Certificate((await secret())['ca-cert.pem'] ?? '').publicKey)).toBe(true);
  expect(await ask(serving, await token())).toMatchObject({ code: 16 });
  expect(await ask(serving, 'e30.e30.e30')).toMatchObject({ code: 16 });
});

test('S-02: a token of a Pod that was deleted gets none', async () => {
  const serving = await start();
  await cluster.apply(pod.replaceAll('baker-1', 'baker-2'));
  const bearer = await token('--audience=istio-ca', '--bound-object-kind=Pod', '--bound-object-name=baker-2');
  expect(await ask(serving, bearer)).toHaveProperty('chain');
  await cluster.delete(pod.replaceAll('baker-1', 'baker-2'));
  // The API server believes what it has seen of a token for ten seconds.
  const refused = async () => ((await ask(serving, bearer)) as { code?: number }).code === 16 || undefined;
  await poll(refused, { within: 30_000, every: 500, what: 'a refusal' });
});

test('replicas that start at once sign with one CA', async () => {
  await cluster.kubectl(['delete', 'secret', 'cacerts', '-n', 'sluice-system', '--ignore-not-found']);
  const [one, two] = await Promise.all([start(), start()]);
  const bearer = await token('--audience=istio-ca');
  for (const serving of [one, two]) expect(await ask(serving, bearer)).toHaveProperty('chain');
});

test('the roots are in every namespace, also in one that comes later', async () => {
  const serving = await start('--write-status');
  onTestFinished(async () => void (await serving.end('SIGTERM')));
  const root = (await secret())['root-cert.pem'];
  const published = async (namespace: string) => {
    const look = async () => {
      const get = [
        'get',
        'configmap',
        'istio-ca-root-cert',
        '-n',
        namespace,
        '-o',
        String.raw`jsonpath={.data.root-cert\.pem}`,
      ];
      return (await cluster.kubectl(get).catch(() => '')) === root || undefined;
    };
    await poll(look, { within: 30_000, every: 200, what: `the roots in ${namespace}` });
  };
  await published('town');
  await published('default');
  await cluster.kubectl(['create', 'namespace', 'later']);
  await published('later');
});

test('S-43: nothing of the key of the CA or of tokens is in the log, in metrics or in what is written to the API', async () => {
  const serving = await start('--write-status', '--log-level=debug');
  const bearer = await token('--audience=istio-ca');
  expect(await ask(serving, bearer)).toHaveProperty('chain');
  await ask(serving, `${bearer}x`);
  await poll(async () => (await cluster.kubectl(['get', 'leases', '-A', '-o', 'name'])) || undefined, {
    ...{ within: 30_000, every: 200, what: 'a leader' },
  });
  const metrics = await (await fetch(`http://${serving.http}/metrics`)).text();
  const written = await cluster.kubectl(['get', 'configmaps,events,leases', '-A', '-o', 'yaml']);
  const { stderr } = await serving.end('SIGTERM');
  // Lines of PEM and the three parts of a token: whatever of them is repeated.
  const key = ((await secret())['ca-key.pem'] ?? '').split('\n').filter((line) => line.length > 40);
  const canaries = [...key, ...bearer.split('.').slice(1)];
  expect(canaries.length).toBeGreaterThan(3);
  for (const text of [stderr, metrics, written]) {
    expect(canaries.filter((each) => text.includes(each))).toEqual([]);
  }
});
