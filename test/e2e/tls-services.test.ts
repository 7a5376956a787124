// Services with TLS on one port: a real Envoy sends each connection on by the server that its client asks for, as it is.
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { TestCa } from '../harness/certificates.ts';
import { TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort } from '../harness/shop.ts';
import { startTlsBackend } from '../harness/tls-backend.ts';

const hosts = addresses(2);
const names = ['bank', 'vault'] as const;
let mesh: TestMesh;
const ends: (() => Promise<void>)[] = [];

const objects = (name: string, address: string): string =>
  [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { ports: [{ name: 'https', port: 443, targetPort: backendPort }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: backendPort }],
      endpoints: [{ addresses: [address] }],
    },
  ]
    .map((each) => stringify(each))
    .join('---\n');

beforeAll(async () => {
  const ca = await TestCa.create();
  const texts = names.map((name, index) => objects(name, hosts[index] ?? ''));
  mesh = await TestMesh.start({ 'services.yaml': texts.join('---\n') });
  for (const [index, name] of names.entries()) {
    const address = hosts[index] ?? '';
    await mesh.backends.end(backend(address));
    const certificate = await ca.issue({ names: [{ type: 'dns', value: name }] });
    ends.push(await startTlsBackend({ address, port: backendPort, certificate }));
  }
});
afterEach(() => mesh.check());
afterAll(async () => {
  await mesh.close();
  for (const end of ends) await end();
});

/** Whose certificate a client is shown that asks for this server; null: the connection ends. */
async function serverFor(servername: string): Promise<string | null> {
  const socket = connect({ host: '127.0.0.1', port: 443 + mesh.portOffset, servername, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().subjectaltname ?? 'nobody';
  } catch {
    return null;
  } finally {
    socket.destroy();
  }
}

test('each service is reached by all its names, and no other name by any', async () => {
  expect(await serverFor('bank')).toBe('DNS:bank');
  expect(await serverFor('vault')).toBe('DNS:vault');
  expect(await serverFor('vault.default.svc.cluster.local')).toBe('DNS:vault');
  expect(await serverFor('www.example.com')).toBeNull();
});
