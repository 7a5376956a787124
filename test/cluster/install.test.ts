// What `sluice install` prints, at a real API server: its webhooks are called, and its account may do just what it needs.
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { clusterRules, ownRules, type Rule } from '../../src/cli/install/rbac.ts';
import type { CaFiles } from '../../src/identity/ca/ca-material.ts';
import { newCsr } from '../../src/identity/new-csr.ts';
import { poll } from '../../src/inject/poll.ts';
import { type Serving, sluice } from '../cli/sluice.ts';
import { filesOf, makeCa } from '../harness/ca-files.ts';
import { askForCertificate } from '../harness/certificate-client.ts';
import { Cluster } from './cluster.ts';
import { Installed } from './installed.ts';

let cluster: Cluster;
let installed: Installed;
beforeAll(async () => {
  cluster = await Cluster.start();
  installed = await Installed.into(cluster);
  await cluster.kubectl(['create', 'namespace', 'shop']);
  await cluster.kubectl(['label', 'namespace', 'shop', 'istio-injection=enabled']);
  await cluster.kubectl(['create', 'namespace', 'plain']);
  await cluster.kubectl(['create', 'serviceaccount', 'web', '-n', 'shop']);
});
afterAll(() => cluster?.close());

const pod = (name: string, namespace: string, metadata = ''): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}${metadata}}
spec: {serviceAccountName: web, containers: [{name: app, image: example.com/app:1, ports: [{containerPort: 8080}]}]}
`;
const containers = (name: string, namespace: string): Promise<string> =>
  cluster.kubectl([
    'get',
    'pod',
    name,
    '-n',
    namespace,
    '-o',
    'jsonpath={.spec.initContainers[*].name} {.spec.containers[*].name}',
  ]);
const rule = (name: string, spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;

async function started(): Promise<Serving> {
  const serving = await installed.start();
  onTestFinished(async () => void (await serving.end('SIGTERM')));
  await installed.believed();
  return serving;
}

test('pods of a labelled namespace get a sidecar, and the API server believes the webhook by what it was told', async () => {
  await started();
  const create = async () =>
    cluster.apply(pod('one', 'shop')).then(
      () => true as const,
      () => undefined,
    );
  await poll(create, { within: 20_000, every: 200, what: 'the webhook to be believed' });
  expect(await containers('one', 'shop')).toBe('istio-init istio-proxy app');
  await cluster.apply(pod('out', 'shop', ', labels: {sidecar.istio.io/inject: "false"}'));
  expect(await containers('out', 'shop')).toBe(' app');
  await cluster.apply(pod('other', 'plain'));
  expect(await containers('other', 'plain')).toBe(' app');
  await cluster.apply(pod('asked', 'plain', ', labels: {sidecar.istio.io/inject: "true"}'));
  expect(await containers('asked', 'plain')).toBe('istio-init istio-proxy app');
});

test('S-42: a pod whose annotations cannot be is refused in words, and not half injected', async () => {
  await started();
  const bad = pod('bad', 'shop', ', annotations: {traffic.sidecar.istio.io/includeInboundPorts: "x"}');
  await expect(cluster.apply(bad)).rejects.toThrow(/includeInboundPorts/);
  await expect(containers('bad', 'shop')).rejects.toThrow('not found');
});

test('R-123: a dry run leaves nothing behind', async () => {
  await started();
  await cluster.kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], pod('dry', 'shop'));
  await expect(containers('dry', 'shop')).rejects.toThrow('not found');
});

test('policies that cannot be are refused with the path and what to do; while nobody checks them they are taken', async () => {
  const serving = await started();
  const wrong = rule(
    'wrong',
    '{host: web, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, outlierDetection: {interval: 0s}}}',
  );
  await expect(cluster.apply(wrong)).rejects.toThrow(/interval/);
  await cluster.apply(rule('good', '{host: web}'));
  await serving.end('SIGKILL');
  await cluster.apply(rule('unchecked', '{host: web}'));
});

test('R-120, S-41: without the injector pods that need it are not made, and all others are', async () => {
  await expect(cluster.apply(pod('late', 'shop'))).rejects.toThrow(/namespace\.sluice\.dev/);
  for (const namespace of ['plain', 'kube-system', 'sluice-system']) {
    const made = pod('late', namespace);
    await cluster.kubectl(['create', '--validate=false', '-f', '-'], made).catch((error: Error) => {
      // The namespace of Sluice itself takes no pods that are not confined.
      if (namespace !== 'sluice-system' || !error.message.includes('PodSecurity')) throw error;
    });
  }
});

/** Replaces the CA in the Secret, as whoever plugs in another one does. */
async function replaceCa(files: CaFiles): Promise<void> {
  const data = Object.entries(files).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  const patch = JSON.stringify({ data: { 'cert-chain.pem': null, ...Object.fromEntries(data) } });
  await cluster.kubectl(['patch', 'secret', 'cacerts', '-n', 'sluice-system', '--type=merge', '-p', patch]);
}

test('R-93: while the CA is replaced by another the API server believes the webhooks all the time', async () => {
  const serving = await installed.start(60_000, ['--certificate-lifetime=12s']);
  onTestFinished(async () => void (await serving.end('SIGTERM')));
  const ca = await makeCa({ name: 'second' });
  const inject = (name: string) =>
    cluster.kubectl(['apply', '--server-side', '--dry-run=server', '-o', 'name', '-f', '-'], pod(name, 'shop'));
  const believed = async () =>
    inject('before').then(
      () => true as const,
      () => undefined,
    );
  await poll(believed, { within: 30_000, every: 200, what: 'the webhook to be believed' });
  await replaceCa(filesOf(ca));
  let made = 0;
  const signedBySecond = async () => {
    made += 1;
    await inject(`during-${made}`);
    return (await issuerOf(installed.webhookPort)).includes('second') || undefined;
  };
  await poll(signedBySecond, { within: 60_000, every: 50, what: 'the new CA to sign the certificate of the webhooks' });
  for (let after = 0; after < 5; after += 1) await inject(`after-${after}`);
  expect(made).toBeGreaterThan(10);
});

/** Who has signed the certificate that is shown at a port. */
async function issuerOf(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { issuer } = socket.getPeerCertificate();
  socket.destroy();
  return JSON.stringify(issuer);
}

interface Examined {
  readonly checks: readonly {
    readonly check: string;
    readonly health: string;
    readonly message: string;
    readonly fix: string;
  }[];
}

test('doctor says what is so, and of what is not what to do', async () => {
  const kubeconfig = await cluster.kubeconfig();
  const examine = async (): Promise<Examined['checks']> => {
    const { stdout, stderr } = await sluice(['doctor', '--kubeconfig', kubeconfig, '-o', 'json']);
    expect(stderr).toBe('');
    return (JSON.parse(stdout) as Examined).checks;
  };
  await cluster.kubectl(['delete', 'lease', '--all', '-n', 'sluice-system']);
  const serving = await started();
  const settled = async () => {
    const wrong = (await examine()).filter(({ health }) => health === 'failed').map(({ check }) => check);
    return wrong.join() === 'replicas' ? true : undefined;
  };
  // Nobody makes the Deployment's pods here.
  await poll(settled, { within: 30_000, every: 500, what: 'all to be fine but the replicas' });
  await serving.end('SIGTERM');
  await installed.grant(clusterRules.slice(1), ownRules);
  const found = new Map((await examine()).map((each) => [each.check, each] as const));
  expect(found.get('rights')).toMatchObject({
    health: 'failed',
    message: expect.stringContaining('may not list services'),
  });
  expect(found.get('leader')).toMatchObject({ health: 'failed', message: expect.stringContaining('nobody leads') });
  for (const { health, fix } of found.values()) expect(fix !== '').toBe(health !== 'fine');
  await installed.grant();
});

const quick = { within: 8_000, every: 200 };

/** Everything that the account has rights for, each with a name. What fails of it. */
async function battery(round: number): Promise<readonly string[]> {
  const failed: string[] = [];
  const check = (what: string, look: () => Promise<boolean>): Promise<void> =>
    poll(async () => (await look().catch(() => false)) || undefined, { ...quick, what }).then(
      () => {},
      () => void failed.push(what),
    );
  const [namespace, name] = [`n${round}`, `r${round}`];
  await cluster.kubectl(['delete', 'secret', 'cacerts', '-n', 'sluice-system', '--ignore-not-found']);
  const ready = await installed.start(quick.within).catch(() => null);
  if (ready === null) return ['start'];
  await cluster.kubectl(['create', 'namespace', namespace]);
  await cluster.apply(rule(name, '{host: nobody}'));
  await cluster.apply(
    `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: ${name}, namespace: shop}\nspec: {}\n`,
  );
  const get = (...words: readonly string[]) => cluster.kubectl(['get', ...words]);
  const status = ['-n', 'shop', '-o', 'jsonpath={.status.conditions[*].type}'];
  await Promise.all([
    check('status', async () => (await get('destinationrule', name, ...status)).includes('Programmed')),
    check('status of security', async () => (await get('peerauthentication', name, ...status)).includes('Programmed')),
    check('event', async () =>
      (
        await get('events', '-n', 'shop', '-o', 'jsonpath={.items[*].regarding.name}{.items[*].involvedObject.name}')
      ).includes(name),
    ),
    check('roots', async () => (await get('configmap', 'istio-ca-root-cert', '-n', namespace)) !== ''),
    check('bundle', async () => (await installed.bundle('mutating')).includes(await root())),
    check('certificate', async () => 'chain' in (await certificate(ready))),
  ]);
  await ready.end('SIGTERM');
  return failed;
}

async function root(): Promise<string> {
  const path = String.raw`jsonpath={.data.root-cert\.pem}`;
  return Buffer.from(
    await cluster.kubectl(['get', 'secret', 'cacerts', '-n', 'sluice-system', '-o', path]),
    'base64',
  ).toString();
}

async function certificate({ xdsTls }: Serving) {
  const token = (await cluster.kubectl(['create', 'token', 'web', '-n', 'shop', '--audience=istio-ca'])).trim();
  const port = Number(xdsTls.split(':').at(-1));
  const { csr } = await newCsr();
  return askForCertificate({ port, roots: await root(), serverName: 'sluice.test', csr, token });
}

test('S-45: with the rights that are installed all works, and without any one of them something does not', {
  timeout: 600_000,
}, async () => {
  await installed.grant();
  // Whoever held it was killed.
  await cluster.kubectl(['delete', 'lease', '--all', '-n', 'sluice-system']);
  expect(await battery(0)).toEqual([]);
  const without = (rules: readonly Rule[], one: Rule) => rules.filter((each) => each !== one);
  const useless: string[] = [];
  for (const [index, one] of [...clusterRules, ...ownRules].entries()) {
    await installed.grant(without(clusterRules, one), without(ownRules, one));
    if ((await battery(index + 1)).length === 0) useless.push(JSON.stringify(one));
  }
  expect(useless).toEqual([]);
});
