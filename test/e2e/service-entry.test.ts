// Services that Kubernetes does not know: a real Envoy reaches them by address, by name, and by the server that a TLS
// client asks for.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { HttpClient } from '../../src/cli/demo/traffic.ts';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { TestCa } from '../harness/certificates.ts';
import { counts, type Files, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort } from '../harness/shop.ts';
import { startTlsBackend } from '../harness/tls-backend.ts';

const hosts = addresses(4);
const [one = '', two = '', three = '', four = ''] = hosts;
const http = { number: 80, name: 'http', protocol: 'HTTP', targetPort: backendPort };
const networking = 'networking.istio.io/v1';

function entry(name: string, spec: JsonObject): string {
  return stringify({ apiVersion: networking, kind: 'ServiceEntry', metadata: { name }, spec });
}

function workload(name: string, address: string): string {
  const spec = { address, labels: { app: 'shop' } };
  return stringify({ apiVersion: networking, kind: 'WorkloadEntry', metadata: { name }, spec });
}

const turns = (host: string): string =>
  stringify({
    apiVersion: networking,
    kind: 'DestinationRule',
    metadata: { name: 'turns' },
    spec: { host, trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } },
  });

const fixed: Files = {
  'api.yaml': entry('api', {
    hosts: ['api.example.com'],
    resolution: 'STATIC',
    ports: [http],
    endpoints: [{ address: one, weight: 3 }, { address: two }],
  }),
  'rule.yaml': turns('api.example.com'),
};

let mesh: TestMesh;
let local: Server;

beforeAll(async () => {
  mesh = await TestMesh.start(fixed);
  local = createServer(({ headers }, response) => response.end(`local, asked for ${headers.host}\n`));
  local.listen(0, '127.0.0.1');
  await once(local, 'listening');
});
afterEach(() => mesh.check());
afterAll(async () => {
  await mesh.close();
  local.closeAllConnections();
  local.close();
});

const localPort = (): number => (local.address() as AddressInfo).port;

/** What comes of a call to the mesh's port 80 that names a host. */
async function callHost(host: string): Promise<string> {
  const client = new HttpClient({ address: '127.0.0.1', port: 80 + mesh.portOffset, host });
  const answer = await client.call({ path: '/', headers: {} });
  client.close();
  return answer.kind === 'answered' ? answer.by : answer.why;
}

test('endpoints with addresses are called by the host, in the shares of their weights', async () => {
  const seen = counts(await mesh.requests(40, { target: 'api.example.com:80' }));
  expect(seen).toEqual({ [backend(one)]: 30, [backend(two)]: 10 });
  expect(await callHost('api.example.com.')).toMatch(/^127\./);
});

test.for(['DNS', 'DNS_ROUND_ROBIN'])('a name is looked up: %s', async (resolution) => {
  const spec = { hosts: ['www.example.com'], resolution, ports: [http] };
  const endpoints = [{ address: 'localhost', ports: { http: localPort() } }];
  await mesh.apply({ 'www.yaml': entry('www', { ...spec, endpoints }) });
  expect(await callHost('www.example.com')).toBe('local, asked for www.example.com');
  await mesh.apply({ 'www.yaml': null });
  expect(await callHost('www.example.com')).toContain('502');
});

test('every host of a domain is looked up when it is asked for', async () => {
  const spec = { hosts: ['*.localhost'], resolution: 'DYNAMIC_DNS', ports: [http] };
  await mesh.apply({ 'any.yaml': entry('any', spec) });
  const host = `any.localhost:${localPort()}`;
  expect(await callHost(host)).toBe(`local, asked for ${host}`);
  expect(await callHost('api.example.com')).toMatch(/^127\./);
  await mesh.apply({ 'any.yaml': null });
});

test('WorkloadEntries stand behind a Service, and come and go', async () => {
  const ports = [{ name: 'http', port: 81, targetPort: backendPort }];
  const spec = { selector: { app: 'shop' }, ports };
  const service = stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec });
  await mesh.apply({
    'shop.yaml': service,
    'three.yaml': workload('three', three),
    'four.yaml': workload('four', four),
  });
  const seen = counts(await mesh.requests(60, { target: 'shop:81' }));
  expect(Object.keys(seen).sort()).toEqual([backend(three), backend(four)].sort());
  await mesh.apply({ 'three.yaml': null });
  expect(counts(await mesh.requests(10, { target: 'shop:81' }))).toEqual({ [backend(four)]: 10 });
});

test('TLS clients reach the server that they ask for', async () => {
  const ca = await TestCa.create();
  const names = ['a.example.com', 'b.example.com'];
  const port = 8443;
  const ends: (() => Promise<void>)[] = [];
  const files: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const address = hosts[index] ?? '';
    const certificate = await ca.issue({ names: [{ type: 'dns', value: name }] });
    ends.push(await startTlsBackend({ address, port, certificate }));
    const ports = [{ number: 443, name: 'tls', protocol: 'TLS', targetPort: port }];
    files[`tls-${index}.yaml`] = entry(`tls-${index}`, {
      hosts: [index === 0 ? name : '*.example.com'],
      resolution: 'STATIC',
      ports,
      endpoints: [{ address }],
    });
  }
  await mesh.apply(files);
  for (const servername of names) {
    const socket = connect({ host: '127.0.0.1', port: 443 + mesh.portOffset, servername, ca: ca.cert });
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate().subjectaltname).toBe(`DNS:${servername}`);
    socket.destroy();
  }
  const stranger = connect({ host: '127.0.0.1', port: 443 + mesh.portOffset, servername: 'example.org' });
  await new Promise((resolve) => stranger.on('error', resolve));
  const refused = async () => {
    const stats = await mesh.admin.stats('^tcp[.]BlackHoleCluster[.]downstream_cx_total$');
    return stats.get('tcp.BlackHoleCluster.downstream_cx_total') === 1 || undefined;
  };
  await poll(refused, { within: 10_000, every: 20, what: 'one connection to nowhere' });
  for (const end of ends) await end();
});
