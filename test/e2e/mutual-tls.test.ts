// A real Envoy connects to `sluice serve` over mutual TLS, and outlives a renewal of the server's certificate.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bootstrap } from '../../src/inject/bootstrap.ts';
import { EnvoyProcess, findEnvoy } from '../../src/inject/launcher.ts';
import { poll } from '../../src/inject/poll.ts';
import { folder, type Serving, serve } from '../cli/sluice.ts';
import {
  type Issued,
  issueServer,
  SecretMount,
  serverName,
  TestCa,
  tlsFiles,
  workload,
} from '../harness/certificates.ts';
import { Cuttable } from '../harness/cuttable.ts';

const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec:
  clusterIP: 10.96.0.${name.length}
  ports: [{ name: http, port: 80 }]
`;
const clusterOf = (name: string): string => `outbound|80||${name}.shop.svc.cluster.local`;

/** A sidecar in namespace shop. */
async function startEnvoy(port: number, mount: SecretMount): Promise<EnvoyProcess> {
  const workspace = mkdtempSync(join(tmpdir(), 'sluice-mtls-'));
  const file = (name: string): string => join(mount.path, name);
  const envoy = await EnvoyProcess.start({
    bootstrap: bootstrap({
      node: { ip: '10.0.0.1', name: 'web-1', namespace: 'shop', interception: 'NONE', portOffset: 20_000 },
      xds: { host: '127.0.0.1', port },
      xdsTls: { certificate: file('tls.crt'), key: file('tls.key'), ca: file('ca.crt'), serverName },
      protocol: 'delta',
      admin: { host: '127.0.0.1', port: 0 },
      runtime: {},
    }),
    binary: findEnvoy(undefined),
    launchedBy: [],
    concurrency: 1,
    logLevel: 'warning',
    folder: workspace,
  });
  onTestFinished(async () => {
    await envoy.stop();
    rmSync(workspace, { recursive: true, force: true });
  });
  return envoy;
}

const patience = { within: 20_000, every: 20 };

async function hasCluster(envoy: EnvoyProcess, name: string): Promise<void> {
  const look = async () => ((await envoy.admin.config()).clusters.has(clusterOf(name)) ? true : undefined);
  await poll(look, { ...patience, what: `the cluster of ${name}` });
}

/** How many connections to the control plane there were in all, and whether there is one now. */
async function connections(envoy: EnvoyProcess): Promise<{ readonly total: number; readonly connected: number }> {
  const stats = await envoy.admin.stats('^(cluster.xds-grpc.upstream_cx_total|control_plane.connected_state)$');
  return {
    total: stats.get('cluster.xds-grpc.upstream_cx_total') ?? 0,
    connected: stats.get('control_plane.connected_state') ?? 0,
  };
}

interface Installation {
  readonly ca: TestCa;
  readonly config: string;
  readonly mount: SecretMount;
  readonly serving: Serving;
  readonly port: number;
}

async function install(more: Readonly<Record<string, string>> = {}): Promise<Installation> {
  const ca = await TestCa.create();
  const mount = new SecretMount(tlsFiles(await issueServer(ca), ca.cert));
  const config = folder({ 'web.yaml': service('web'), ...more });
  const tls = [
    '--tls-dir',
    mount.path,
    '--xds-tls-address',
    '127.0.0.1:0',
    '--xds-address',
    'none',
    '--log-level',
    'debug',
  ];
  const serving = await serve(['--config', config, ...tls]);
  return { ca, config, mount, serving, port: Number(serving.xdsTls.split(':')[1]) };
}

const fingerprint = ({ cert }: Issued): string => new X509Certificate(cert).fingerprint256;
const privatePart = ({ key }: Issued): string => key.split('\n')[1] ?? '';

test('Envoy gets its configuration, keeps its stream through a renewal, and connects again by the new certificate', async () => {
  const { ca, config, mount, serving, port } = await install();
  const relay = await Cuttable.to(port);
  onTestFinished(() => relay.close());
  const own = await ca.issue(workload('shop', 'web'));
  const envoy = await startEnvoy(relay.port, new SecretMount(tlsFiles(own, ca.cert)));
  await hasCluster(envoy, 'web');

  const renewed = await issueServer(ca);
  mount.replace(tlsFiles(renewed, ca.cert));
  await serving.line(`"fingerprint":"${fingerprint(renewed)}"`);
  writeFileSync(join(config, 'basket.yaml'), service('basket'));
  await hasCluster(envoy, 'basket');
  expect(await connections(envoy)).toEqual({ total: 1, connected: 1 });

  relay.cut();
  writeFileSync(join(config, 'catalog.yaml'), service('catalog'));
  await hasCluster(envoy, 'catalog');
  expect((await connections(envoy)).total).toBeGreaterThan(1);

  const { status, stderr } = await serving.end('SIGTERM');
  expect(status).toBe(0);
  for (const certificate of [own, renewed]) expect(stderr).not.toContain(privatePart(certificate));
});

test('an Envoy of another namespace gets nothing, and is told why', async () => {
  const { ca, port } = await install();
  const envoy = await startEnvoy(port, new SecretMount(tlsFiles(await ca.issue(workload('bank', 'web')), ca.cert)));
  const words = 'the namespace of the node is shop, and that of its certificate is bank';
  await poll(async () => ((await envoy.lastWords()).includes(words) ? true : undefined), { ...patience, what: words });
  expect((await envoy.admin.config()).clusters.size).toBe(0);
});

test('S-03: an Envoy that says it is another Pod of its namespace gets nothing', async () => {
  const pod = `
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: shop }
spec: { serviceAccountName: vault, containers: [] }
`;
  const { ca, port } = await install({ 'pod.yaml': pod });
  const envoy = await startEnvoy(port, new SecretMount(tlsFiles(await ca.issue(workload('shop', 'web')), ca.cert)));
  const words = 'the Pod web-1 does not run as the service account web';
  await poll(async () => ((await envoy.lastWords()).includes(words) ? true : undefined), { ...patience, what: words });
});
