// Sidecars and MeshConfig through a real Envoy: what a client may call, and how its own workload is called.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';
import { SecretMount, TestCa, tlsFiles } from '../harness/certificates.ts';
import { callEdge } from '../harness/edge.ts';
import { TestMesh } from '../harness/mesh.ts';
import { addresses, backend, shop } from '../harness/shop.ts';

const hosts = addresses(1);
const [host = ''] = hosts;
/** Where the workload of these tests is called, and where a listener for calls has an address of its own. */
const [called = '', exit = ''] = addresses(2, 201);
const calledPort = 28090;

let mesh: TestMesh;
let folder: string;
let workload: Server;

const sidecarYaml = (spec: JsonObject): string =>
  stringify({ apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata: { name: 'default' }, spec });

const apply = (spec: JsonObject | null) => mesh.apply({ 'sidecar.yaml': spec === null ? null : sidecarYaml(spec) });

/** The status and the body of an answer. */
async function ask(address: string, port: number, name: string): Promise<readonly [number | undefined, string]> {
  const asking = request({ host: address, port, headers: { host: name }, agent: false });
  asking.end();
  const [answer] = await once(asking, 'response');
  let body = '';
  for await (const part of answer) body += String(part);
  return [answer.statusCode, body.trim()];
}

const askShop = () => {
  const { address, port } = mesh.target('shop:80').listens;
  return ask(address, port, 'shop');
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ingress-'));
  workload = createServer((_, answer) => answer.end('the workload'));
  workload.listen(join(folder, 'socket'));
  await once(workload, 'listening');
  mesh = await TestMesh.start(shop(hosts, null));
});
afterEach(() => mesh.check());
afterAll(async () => {
  await mesh.close();
  workload.closeAllConnections();
  workload.close();
  await rm(folder, { recursive: true });
});

test('a host that is not imported is answered with 502, whoever has the same port', async () => {
  await mesh.apply({
    'stall.yaml': stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'stall', namespace: 'other' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    }),
  });
  expect(await askShop()).toEqual([200, backend(host)]);
  await apply({ egress: [{ hosts: ['other/*'] }] });
  expect((await askShop())[0]).toBe(502);
  await apply({ egress: [{ hosts: ['./*'] }] });
  expect(await askShop()).toEqual([200, backend(host)]);
  await apply(null);
  await mesh.apply({ 'stall.yaml': null });
});

test('a service that is exported to other namespaces alone is not known here', async () => {
  const vault = (to: string): string =>
    stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'vault', annotations: { 'networking.istio.io/exportTo': to } },
      spec: { ports: [{ name: 'http', port: 80 }] },
    });
  const { address, port } = mesh.target('shop:80').listens;
  await mesh.apply({ 'vault.yaml': vault('.') });
  expect((await ask(address, port, 'vault'))[0]).toBe(503);
  await mesh.apply({ 'vault.yaml': vault('other') });
  expect((await ask(address, port, 'vault'))[0]).toBe(502);
  await mesh.apply({ 'vault.yaml': null });
});

test('calls of the workload go to a Unix socket', async () => {
  await apply({
    ingress: [
      {
        port: { number: calledPort, protocol: 'HTTP', name: 'http' },
        bind: called,
        defaultEndpoint: `unix://${join(folder, 'socket')}`,
      },
    ],
    egress: [{ hosts: ['./*'] }],
  });
  expect(await ask(called, calledPort, 'anything')).toEqual([200, 'the workload']);
  expect(await askShop()).toEqual([200, backend(host)]);
});

test('TLS of a port ends at the sidecar, which asks for the certificates that are trusted there', async () => {
  const ca = await TestCa.create();
  const client = await ca.issue({ usages: ['client'] });
  const { path } = new SecretMount(tlsFiles(await ca.issue({ names: [{ type: 'dns', value: 'shop' }] }), ca.cert));
  const [serverCertificate, privateKey] = [join(path, 'tls.crt'), join(path, 'tls.key')];
  const listener = {
    port: { number: calledPort, protocol: 'HTTPS', name: 'https' },
    bind: called,
    defaultEndpoint: `unix://${join(folder, 'socket')}`,
    tls: { mode: 'MUTUAL', serverCertificate, privateKey, caCertificates: join(path, 'ca.crt') },
  };
  await apply({ ingress: [listener], egress: [{ hosts: ['./*'] }] });
  const from = { address: called, port: calledPort };
  expect(await callEdge(from, 'shop', '/', { ca: ca.cert, ...client })).toMatchObject({ body: 'the workload' });
  await expect(callEdge(from, 'shop', '/', { ca: ca.cert })).rejects.toThrow();
  await expect(callEdge(from, 'shop')).rejects.toThrow();
});

test('hosts that no service has go to the egress proxy', async () => {
  const { address, port } = mesh.target('shop:80').listens;
  await apply({
    outboundTrafficPolicy: {
      mode: 'ALLOW_ANY',
      egressProxy: { host: 'shop.default.svc.cluster.local', port: { number: 80 } },
    },
  });
  expect(await ask(address, port, 'www.example.com')).toEqual([200, backend(host)]);
  await apply({ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } });
  expect((await ask(address, port, 'www.example.com'))[0]).toBe(502);
});

test('a listener for calls may have an address of its own', async () => {
  const { port } = mesh.target('shop:80').listens;
  await apply({
    egress: [{ port: { number: 80, protocol: 'HTTP', name: 'http' }, bind: exit, hosts: ['./*'] }],
  });
  expect(await ask(exit, port, 'shop')).toEqual([200, backend(host)]);
});

test('settings of the whole mesh are taken by Envoy', async () => {
  const { address, port } = mesh.target('shop:80').listens;
  const settings = {
    connectTimeout: '3s',
    tcpKeepalive: { time: '60s' },
    h2UpgradePolicy: 'DO_NOT_UPGRADE',
    defaultHttpRetryPolicy: { attempts: 1 },
    accessLogFile: '/dev/null',
    accessLogFormat: '%PROTOCOL%',
    protocolDetectionTimeout: '5s',
    pathNormalization: { normalization: 'DECODE_AND_MERGE_SLASHES' },
    outboundClusterStatName: '%SERVICE%_%SERVICE_PORT%',
  };
  await apply(null);
  await mesh.apply({
    'mesh.yaml': stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: 'istio-system' },
      data: { mesh: stringify(settings) },
    }),
  });
  expect(await ask(address, port, 'shop')).toEqual([200, backend(host)]);
  const counted = await mesh.admin.stats('shop.default_80.upstream_rq_total');
  expect([...counted.values()]).toEqual([1]);
});
