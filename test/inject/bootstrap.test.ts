// The bootstrap is what Envoy takes, and says who the proxy is.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { encodeMessage } from '../../src/envoy/protojson.ts';
import { type BootstrapOptions, bootstrap } from '../../src/inject/bootstrap.ts';
import { findEnvoy } from '../../src/inject/launcher.ts';
import { SecretMount, TestCa, tlsFiles, workload } from '../harness/certificates.ts';

const options: BootstrapOptions = {
  node: { ip: '10.0.0.7', name: 'web-1', namespace: 'shop', interception: 'REDIRECT', portOffset: 0 },
  xds: { host: '127.0.0.1', port: 15010 },
  protocol: 'delta',
  admin: { host: '127.0.0.1', port: 15000 },
  runtime: {},
};

const ca = await TestCa.create();
const tls = new SecretMount(tlsFiles(await ca.issue(workload('shop', 'web')), ca.cert), afterAll);
const tlsFile = (name: string): string => join(tls.path, name);

const variants: Readonly<Record<string, BootstrapOptions>> = {
  'a captured sidecar': options,
  'an uncaptured sidecar': { ...options, node: { ...options.node, interception: 'NONE', portOffset: 10_000 } },
  'state of the world': { ...options, protocol: 'sotw' },
  'a control plane with a name': { ...options, xds: { host: 'sluice.sluice-system.svc', port: 15010 } },
  'a sidecar that knows its zone': {
    ...options,
    node: { ...options.node, locality: { region: 'eu', zone: 'a', subZone: '' } },
  },
  'load reports': { ...options, loadReports: true },
  'mutual TLS': {
    ...options,
    xdsTls: {
      certificate: tlsFile('tls.crt'),
      key: tlsFile('tls.key'),
      ca: tlsFile('ca.crt'),
      serverName: 'sluice.svc',
    },
  },
  'retries off': { ...options, runtime: { 'upstream.use_retry': 0 } },
};

test.each(Object.entries(variants))('Envoy accepts the bootstrap of %s', async (_, variant) => {
  const json = bootstrap(variant);
  expect(encodeMessage('envoy.config.bootstrap.v3.Bootstrap', json).length).toBeGreaterThan(0);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bootstrap-'));
  const file = join(folder, 'envoy.json');
  await writeFile(file, JSON.stringify(json));
  const envoy = spawnSync(findEnvoy(undefined), ['--mode', 'validate', '-c', file], { encoding: 'utf8' });
  await rm(folder, { recursive: true });
  expect(envoy.stderr + envoy.stdout).toContain('OK');
  expect(envoy.status).toBe(0);
});

test('R-28: a sidecar asks for what differs, over one stream for everything', () => {
  expect(bootstrap(options)['dynamic_resources']).toMatchObject({
    ads_config: { api_type: 'DELTA_GRPC' },
    cds_config: { ads: {} },
    lds_config: { ads: {} },
  });
});

test('the node says in which files the certificates are', () => {
  const certificateFiles = { chain: '/c.pem', key: '/c.key', root: '/r.pem' };
  expect(bootstrap({ ...options, node: { ...options.node, certificateFiles } })['node']).toMatchObject({
    metadata: {
      ...{ TLS_CLIENT_CERT_CHAIN: '/c.pem', TLS_CLIENT_KEY: '/c.key', TLS_CLIENT_ROOT_CERT: '/r.pem' },
      ...{ TLS_SERVER_CERT_CHAIN: '/c.pem', TLS_SERVER_KEY: '/c.key', TLS_SERVER_ROOT_CERT: '/r.pem' },
    },
  });
});

test('the node says who the sidecar is, and where its ports are', () => {
  expect(
    bootstrap({ ...options, node: { ...options.node, interception: 'NONE', portOffset: 10_000 } })['node'],
  ).toEqual({
    id: 'sidecar~10.0.0.7~web-1.shop~shop.svc.cluster.local',
    cluster: 'web-1.shop',
    metadata: { NAMESPACE: 'shop', INTERCEPTION_MODE: 'NONE', PORT_OFFSET: 10_000, MESH_CERTIFICATES: 'NONE' },
  });
});
