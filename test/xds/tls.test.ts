// Who gets what over mutual TLS: S-01 to S-04 and S-43 of the real server.
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { metadata, type Protocol } from '../harness/ads-client.ts';
import { type Issued, issueServer, tlsFiles, workload } from '../harness/certificates.ts';
import { type RefusedClient, refusedClients } from '../harness/clients.ts';
import { inTlsWorld, sidecar, type TlsWorld } from './tls-world.ts';
import { text } from './world.ts';

const web = ({ ca }: TlsWorld): Promise<Issued> => ca.issue(workload('shop', 'web'));

const type_url = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

async function served(world: TlsWorld): Promise<void> {
  world.provider.publish({ cluster: 'a=1' });
  const client = world.connectAs(await web(world), { node: sidecar('web-1', 'shop') });
  client.subscribe('cluster');
  expect(text(await client.take('cluster'))).toBe('a=1');
  world.provider.publish({ cluster: 'a=2' });
  expect(text(await client.take('cluster'))).toBe('a=2');
}

async function spoofed(world: TlsWorld): Promise<void> {
  const certificate = await web(world);
  const nodes = [
    [sidecar('web-1', 'bank'), 'the namespace of the node is bank, and that of its certificate is shop'],
    [{ ...sidecar('web-1', 'shop'), metadata: metadata({ NAMESPACE: 'bank' }) }, 'metadata NAMESPACE'],
    [{ ...sidecar('web-1', 'shop'), metadata: metadata({ SERVICE_ACCOUNT: 'db' }) }, 'metadata SERVICE_ACCOUNT'],
    [{ id: 'own-bootstrap', metadata: metadata({ NAMESPACE: 'bank' }) }, 'namespace of the node is bank'],
    [{ id: 'own-bootstrap' }, 'namespace of the node is default'],
  ] as const;
  for (const [node, reason] of nodes) {
    const client = world.connectAs(certificate, { node });
    client.subscribe('cluster');
    const { code, details } = await client.ended;
    expect([code, details]).toEqual([status.PERMISSION_DENIED, expect.stringContaining(reason)]);
    expect(client.log).toEqual([]);
  }
  expect(world.provider.nodes).toEqual([]);
  const own = { id: 'own-bootstrap', metadata: metadata({ NAMESPACE: 'shop', SERVICE_ACCOUNT: 'web' }) };
  const client = world.connectAs(certificate, { node: own });
  client.subscribe('cluster');
  await client.take('cluster');
}

async function changed(world: TlsWorld): Promise<void> {
  const certificate = await web(world);
  const first = sidecar('web-1', 'shop');
  const others = [
    sidecar('web-1', 'bank'),
    { ...first, id: sidecar('web-2', 'shop').id },
    { ...first, cluster: 'db.shop' },
  ];
  for (const node of others) {
    const client = world.connectAs(certificate, { node: first });
    client.subscribe('cluster');
    await client.take('cluster');
    client.request({ type_url, node: first });
    client.request({ type_url, node });
    expect((await client.ended).code).toBe(status.INVALID_ARGUMENT);
    expect(world.provider.followers).toBe(0);
  }
  expect(world.provider.nodes.map(({ id }) => id)).toEqual(others.map(() => first.id));
}

/** Certificates are told apart by the real server as by the authenticator alone. */
async function refused(protocol: Protocol): Promise<void> {
  let clients: readonly RefusedClient[] = [];
  const revoke = async (ca: TlsWorld['ca']): Promise<readonly Issued[]> => {
    clients = await refusedClients(ca);
    return clients.slice(0, 1).flatMap(({ certificate }) => certificate ?? []);
  };
  const attempt = async (world: TlsWorld): Promise<void> => {
    for (const { what, certificate } of clients) {
      const client = world.connectAs(certificate, { node: sidecar('web-1', 'shop') });
      client.subscribe('cluster');
      const { code, details } = await client.ended;
      expect([what, code, details]).toEqual([what, status.UNAUTHENTICATED, expect.stringContaining('certificate')]);
    }
    expect(world.provider.nodes).toEqual([]);
    await served(world);
  };
  await inTlsWorld(protocol, attempt, { revoke });
  expect(clients.length).toBeGreaterThan(10);
}

/** A stream lasts through a change of the server's certificate, and a new connection meets the new one. */
async function renewed(world: TlsWorld): Promise<void> {
  const certificate = await web(world);
  const client = world.connectAs(certificate, { node: sidecar('web-1', 'shop') });
  client.subscribe('cluster');
  await client.take('cluster');
  const before = await world.fingerprint();
  const reloaded = world.reloaded();
  world.mount.replace(tlsFiles(await issueServer(world.ca), world.ca.cert));
  expect((await reloaded).kind).toBe('loaded');
  expect(await world.fingerprint()).not.toBe(before);
  world.provider.publish({ cluster: 'a=2' });
  expect(text(await client.take('cluster'))).toBe('a=2');
  await served(world);
}

/** Whoever is trusted no longer opens no new connection. */
async function distrusted(world: TlsWorld): Promise<void> {
  const certificate = await web(world);
  await served(world);
  const reloaded = world.reloaded();
  world.mount.replace(tlsFiles(await issueServer(world.ca), world.ca.cert, await world.ca.revoke([certificate])));
  expect((await reloaded).kind).toBe('loaded');
  const client = world.connectAs(certificate, { node: sidecar('web-1', 'shop') });
  client.subscribe('cluster');
  expect(await client.ended).toMatchObject({
    code: status.UNAUTHENTICATED,
    details: expect.stringContaining('revoked'),
  });
  await served(world);
}

/** What a private key has in it is in no event, and in nothing that a client is told. */
async function secret(world: TlsWorld): Promise<void> {
  const certificate = await web(world);
  const server = await issueServer(world.ca);
  const canaries = [certificate, server].map(({ key }) => key.split('\n')[1] ?? '');
  expect(canaries.every((canary) => canary.length === 64)).toBe(true);
  const told: unknown[] = [];
  for (const files of [{ 'tls.key': certificate.key }, { 'tls.crt': server.key }, { 'ca.crt': server.key }]) {
    const reloaded = world.reloaded();
    world.mount.replace({ ...tlsFiles(server, world.ca.cert), ...files });
    const event = await reloaded;
    expect(event.kind).toBe('broken');
    told.push(event);
  }
  const client = world.connectAs(certificate, { node: sidecar('web-1', 'bank') });
  client.subscribe('cluster');
  told.push(await client.ended, world.events);
  const said = JSON.stringify(told);
  for (const canary of canaries) expect(said).not.toContain(canary);
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('a workload gets its configuration over TLS', () => inTlsWorld(protocol, served));
  test('S-02: a certificate that does not hold gets nothing, and its owner is told why', () => refused(protocol));
  test('S-03: a node of another workload is denied', () => inTlsWorld(protocol, spoofed));
  test('S-04: a node that changes on a stream ends it', () => inTlsWorld(protocol, changed));
  test('a stream lasts while the certificate of the server is renewed', () => inTlsWorld(protocol, renewed));
  test('S-02: a certificate that is revoked while the server runs is refused', () => inTlsWorld(protocol, distrusted));
  test('S-43: private keys are in no event and in no status', () => inTlsWorld(protocol, secret));
});
