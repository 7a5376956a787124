// TLS that a rule asks for: a real Envoy calls servers that speak it, and refuses those that are not whom they should be.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { plainCall } from '../../src/cli/demo/traffic.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { type Issued, TestCa } from '../harness/certificates.ts';
import { TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort, policyYaml, shop } from '../harness/shop.ts';
import { startTlsBackend, tlsAnswer } from '../harness/tls-backend.ts';

const serverName = 'shop.example.com';
const clientName = 'spiffe://example.com/client';
const hosts = addresses(1);
const [host = ''] = hosts;
const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-origination-'));
const file = (name: string): string => join(folder, name);
let ca: TestCa;
let server: Issued;
let mesh: TestMesh;
let endBackend: () => Promise<void>;

/** Takes the place of the backend that was there. */
async function serve(clients?: string): Promise<void> {
  await endBackend();
  const options = { address: host, port: backendPort, certificate: server };
  endBackend = await startTlsBackend(clients === undefined ? options : { ...options, clients });
}

beforeAll(async () => {
  ca = await TestCa.create();
  server = await ca.issue({ names: [{ type: 'dns', value: serverName }] });
  const client = await ca.issue({ names: [{ type: 'url', value: clientName }] });
  const stranger = await TestCa.create('CN=Another CA');
  const files = {
    'ca.pem': ca.cert,
    'other-ca.pem': stranger.cert,
    'client.pem': client.cert,
    'client.key': client.key,
    'revoked.pem': await ca.revoke([server]),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text);
  mesh = await TestMesh.start(shop(hosts, { simple: 'ROUND_ROBIN' }));
  endBackend = () => mesh.backends.end(backend(host));
  await serve();
});
afterEach(() => mesh.check());
afterAll(async () => {
  await mesh.close();
  await endBackend();
  rmSync(folder, { recursive: true, force: true });
});

/** What comes of one call under these settings: the server's words, or the status. */
async function callWith(tls: JsonObject, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  await mesh.apply({ 'rule.yaml': policyYaml({ tls }) });
  const client = mesh.client();
  const answer = await client.call({ ...plainCall, headers });
  client.close();
  return answer.kind === 'answered' ? answer.by : String(answer.why.split(' ', 1)[0]);
}

const simple = { mode: 'SIMPLE', sni: serverName, caCertificates: file('ca.pem') };

test('a server whose certificate is signed by the CA is called by its name', async () => {
  expect(await callWith(simple)).toBe(tlsAnswer('nobody', serverName, 'http/1.1'));
});

test('a server of another CA is not called', async () => {
  expect(await callWith({ ...simple, caCertificates: file('other-ca.pem') })).toBe('503');
});

test('a server of another name is not called', async () => {
  expect(await callWith({ ...simple, subjectAltNames: ['bank.example.com'] })).toBe('503');
  expect(await callWith({ ...simple, subjectAltNames: ['bank.example.com', serverName] })).toContain(serverName);
});

test('a server whose certificate was revoked is not called', async () => {
  expect(await callWith({ ...simple, caCrl: file('revoked.pem') })).toBe('503');
});

test('without a name of the server it is the host of the request', async () => {
  const tls = { mode: 'SIMPLE', caCertificates: file('ca.pem') };
  expect(await callWith(tls)).toBe('503');
  expect(await callWith({ ...tls, subjectAltNames: [serverName] })).toBe(tlsAnswer('nobody', 'shop', 'http/1.1'));
});

test('a server that nobody verifies is called', async () => {
  expect(await callWith({ mode: 'SIMPLE', insecureSkipVerify: true })).toBe(tlsAnswer('nobody', 'shop', 'http/1.1'));
});

test('settings that cannot be used refuse the call, and say so', async () => {
  expect(await callWith({ ...simple, mode: 'MUTUAL' })).toBe('503');
  expect(mesh.diagnostics.map(({ code }) => code)).toContain('SLC0240');
});

test('certificates of the mesh that the proxy does not have refuse the call', async () => {
  expect(await callWith({ mode: 'ISTIO_MUTUAL' })).toBe('503');
});

test('a server that asks for a certificate gets it', async () => {
  await serve(ca.cert);
  expect(await callWith(simple)).toBe('503');
  const own = { clientCertificate: file('client.pem'), privateKey: file('client.key') };
  expect(await callWith({ ...simple, ...own, mode: 'MUTUAL' })).toBe(tlsAnswer(clientName, serverName, 'http/1.1'));
});
