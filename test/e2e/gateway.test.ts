// A real Envoy as a gateway: hosts and paths, certificates by server name, clients that have to prove who they are,
// redirects, and connections that it passes on.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Issued, TestCa } from '../harness/certificates.ts';
import { callEdge, edgeLabels, edgeRule, edgeYaml, firstWords, oneService } from '../harness/edge.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort } from '../harness/shop.ts';
import { startTlsBackend, tlsAnswer } from '../harness/tls-backend.ts';

const [shop = '', cart = '', db = '', vault = ''] = addresses(4);
const [address = ''] = addresses(1, 200);
const folder = mkdtempSync(join(tmpdir(), 'sluice-gateway-'));
const file = (name: string): string => join(folder, name);
const at = (port: number) => ({ address, port });
const [plain, moved, tcp, secure] = [at(18080), at(18081), at(18082), at(18443)];
let ca: TestCa;
let client: Issued;
let mesh: TestMesh;
let endVault: () => Promise<void>;

const server = (port: number, name: string, protocol: string, names: readonly string[], tls = {}) => ({
  port: { number: port, name, protocol },
  bind: address,
  hosts: [...names],
  ...(Object.keys(tls).length > 0 && { tls }),
});
const own = (name: string) => ({ serverCertificate: file(`${name}.pem`), privateKey: file(`${name}.key`) });

const to = (host: string, weight?: number) => ({ destination: { host }, ...(weight !== undefined && { weight }) });
const gateway = () =>
  edgeYaml([
    server(plain.port, 'http', 'HTTP', ['*.example.com']),
    server(moved.port, 'http-moved', 'HTTP', ['shop.example.com'], { httpsRedirect: true }),
    server(tcp.port, 'tcp', 'TCP', ['*']),
    server(secure.port, 'https-shop', 'HTTPS', ['shop.example.com'], { mode: 'SIMPLE', ...own('shop') }),
    server(secure.port, 'https-cart', 'HTTPS', ['cart.example.com'], {
      mode: 'MUTUAL',
      ...own('cart'),
      caCertificates: file('ca.pem'),
    }),
    server(secure.port, 'https-closed', 'HTTPS', ['closed.example.com'], { mode: 'SIMPLE', credentialName: 'later' }),
    server(secure.port, 'tls', 'TLS', ['*.example.com'], { mode: 'PASSTHROUGH' }),
  ]);
const rules = {
  'shop-rule.yaml': edgeRule('shop', ['shop.example.com'], {
    http: [
      { match: [{ uri: { prefix: '/cart' } }], route: [to('cart')] },
      { match: [{ uri: { prefix: '/both' } }], route: [to('shop', 1), to('cart', 1)] },
      { route: [to('shop')] },
    ],
  }),
  'cart-rule.yaml': edgeRule('cart', ['cart.example.com'], { http: [{ route: [to('cart')] }] }),
  'vault-rule.yaml': edgeRule('vault', ['*.example.com'], {
    tls: [{ match: [{ sniHosts: ['vault.example.com'] }], route: [to('vault')] }],
  }),
  'db-rule.yaml': edgeRule('db', ['*'], { tcp: [{ match: [{ port: tcp.port }], route: [to('db')] }] }),
};

async function issue(name: string): Promise<Issued> {
  const issued = await ca.issue({ names: [{ type: 'dns', value: `${name}.example.com` }] });
  writeFileSync(file(`${name}.pem`), issued.cert);
  writeFileSync(file(`${name}.key`), issued.key);
  return issued;
}

beforeAll(async () => {
  ca = await TestCa.create();
  writeFileSync(file('ca.pem'), ca.cert);
  await issue('shop');
  await issue('cart');
  client = await issue('client');
  const certificate = await issue('vault');
  const services = {
    ...oneService('shop', shop),
    ...oneService('cart', cart),
    ...oneService('db', db, 'tcp', 5432),
    ...oneService('vault', vault, 'tls', 443),
  };
  mesh = await TestMesh.start({ ...services, ...rules, 'edge.yaml': gateway() }, { gateway: { labels: edgeLabels } });
  await mesh.backends.end(backend(vault));
  endVault = await startTlsBackend({ address: vault, port: backendPort, certificate });
});
afterEach(() => mesh.check());
afterAll(async () => {
  await mesh.close();
  await endVault();
  rmSync(folder, { recursive: true, force: true });
});

test('host and path say which service answers', async () => {
  expect(await callEdge(plain, 'shop.example.com')).toMatchObject({ status: 200, body: backend(shop) });
  expect(await callEdge(plain, 'shop.example.com:18080', '/cart/1')).toMatchObject({ body: backend(cart) });
  expect(await callEdge(plain, 'cart.example.com')).toMatchObject({ body: backend(cart) });
});

test('a host of nobody is not found', async () => {
  for (const host of ['other.example.com', 'shop', 'db.default.svc.cluster.local']) {
    expect(await callEdge(plain, host)).toMatchObject({ status: 404 });
  }
});

// 60 of 120 requests each, give or take 5.5: one below 20 comes by chance in less than one run in 1e12.
test('weights share requests out between services', async () => {
  const answers: string[] = [];
  for (let sent = 0; sent < 120; sent++) answers.push((await callEdge(plain, 'shop.example.com', '/both')).body);
  const seen = counts(answers);
  expect(Object.keys(seen).sort()).toEqual([backend(shop), backend(cart)].sort());
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
});

test('clients in the clear are sent to HTTPS', async () => {
  const answer = await callEdge(moved, 'shop.example.com', '/cart?x=1');
  expect(answer).toMatchObject({ status: 301, location: 'https://shop.example.com/cart?x=1' });
});

test('each server name has its own certificate, and its own routes', async () => {
  // Node verifies that the certificate is that of the host.
  expect(await callEdge(secure, 'shop.example.com', '/', { ca: ca.cert })).toMatchObject({ body: backend(shop) });
  expect(await callEdge(secure, 'shop.example.com', '/cart', { ca: ca.cert })).toMatchObject({ body: backend(cart) });
});

test('a client without a certificate is refused where one is asked for', async () => {
  await expect(callEdge(secure, 'cart.example.com', '/', { ca: ca.cert })).rejects.toThrow();
  const shown = { ca: ca.cert, cert: client.cert, key: client.key };
  expect(await callEdge(secure, 'cart.example.com', '/', shown)).toMatchObject({ status: 200, body: backend(cart) });
});

test('a server without usable certificates is closed, whatever a wider one takes', async () => {
  await expect(callEdge(secure, 'closed.example.com', '/', { ca: ca.cert })).rejects.toThrow();
  expect(mesh.diagnostics.map(({ code }) => code)).toContain('SLC0241');
});

test('TLS is passed through to the server that the client asks for, and to no other', async () => {
  const answer = await callEdge(secure, 'vault.example.com', '/', { ca: ca.cert });
  expect(answer.body).toBe(tlsAnswer('nobody', 'vault.example.com', 'none'));
  await expect(callEdge(secure, 'unknown.example.com', '/', { ca: ca.cert })).rejects.toThrow();
});

test('connections are passed on', async () => {
  expect(await firstWords(tcp)).toBe(backend(db));
});

test('a changed rule and a new host are in force without a refusal', async () => {
  await mesh.apply({
    'cart-rule.yaml': edgeRule('cart', ['cart.example.com', 'new.example.com'], { http: [{ route: [to('shop')] }] }),
  });
  expect(await callEdge(plain, 'new.example.com')).toMatchObject({ body: backend(shop) });
  expect(mesh.refusals).toEqual([]);
});
