// Who is let in, decided over real TLS handshakes.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { proxyNode } from '../../src/envoy/node.ts';
import { spiffeAuthenticator } from '../../src/identity/authenticator.ts';
import { authorizeNode } from '../../src/identity/authorize-node.ts';
import { nowhere } from '../../src/model/endpoint.ts';
import type { Workload } from '../../src/model/mesh.ts';
import { type Issued, issueServer, TestCa, workload } from '../harness/certificates.ts';
import { type RefusedClient, refusedClients } from '../harness/clients.ts';

type Authenticate = ReturnType<typeof spiffeAuthenticator>;
type Connection = Parameters<Authenticate>[0];
type Handshake = (client: Issued | null) => Promise<Connection>;

/** Connects clients to one server, and gives what it can tell of each. Null: nobody asks what is revoked. */
async function handshakes(ca: TestCa, revoked: readonly Issued[] | null): Promise<Handshake> {
  const { cert, key } = await issueServer(ca);
  const lists = revoked === null ? {} : { crl: await ca.revoke(revoked) };
  const server = createServer({ cert, key, ca: ca.cert, ...lists, requestCert: true, rejectUnauthorized: false });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return async (client) => {
    const secured = once(server, 'secureConnection');
    const shown = client === null ? {} : { cert: client.cert, key: client.key };
    const socket = connect({ host: '127.0.0.1', port, ca: ca.cert, ...shown });
    const [peer] = (await secured) as [TLSSocket];
    const error: unknown = peer.authorizationError;
    socket.destroy();
    return { tls: { certificate: peer.getPeerX509Certificate() ?? null, error: error == null ? null : String(error) } };
  };
}

test('S-02: a certificate that does not hold is refused, and its owner told why', async () => {
  const ca = await TestCa.create();
  const [revoked, ...others] = await refusedClients(ca);
  const authenticate = spiffeAuthenticator({ trustDomains: () => ['cluster.local'] });
  const check = async (handshake: Handshake, { what, certificate, reason }: RefusedClient) =>
    expect(authenticate(await handshake(certificate)), what).toEqual({
      kind: 'refused',
      reason: expect.stringContaining(reason),
    });
  const withLists = await handshakes(ca, revoked.certificate === null ? [] : [revoked.certificate]);
  await check(withLists, revoked);
  // Where there are lists, OpenSSL may complain of a missing one first.
  for (const client of others) await check(withLists, { ...client, reason: '' });
  const without = await handshakes(ca, null);
  for (const client of others) await check(without, client);
});

test('a workload is let in with its identity; a revoked neighbour changes nothing for it', async () => {
  const ca = await TestCa.create();
  const handshake = await handshakes(ca, [await ca.issue(workload('shop', 'web'))]);
  const connection = await handshake(await ca.issue(workload('shop', 'web')));
  const identity = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' };
  expect(spiffeAuthenticator({ trustDomains: () => ['x.example', 'cluster.local'] })(connection)).toEqual({
    kind: 'accepted',
    identity,
  });
  expect(spiffeAuthenticator({ trustDomains: () => [] })(connection).kind).toBe('refused');
});

test('S-02: a certificate that expires while its connection lasts opens no more streams', async () => {
  const ca = await TestCa.create();
  const handshake = await handshakes(ca, []);
  const connection = await handshake(await ca.issue(workload('shop', 'web')));
  let now = Date.now();
  const authenticate = spiffeAuthenticator({ trustDomains: () => ['cluster.local'], now: () => now });
  expect(authenticate(connection).kind).toBe('accepted');
  now += 2 * 3_600_000;
  expect(authenticate(connection)).toEqual({ kind: 'refused', reason: 'the client certificate has expired' });
  now -= 4 * 3_600_000;
  expect(authenticate(connection)).toEqual({ kind: 'refused', reason: 'the client certificate is not valid yet' });
});

test('S-02: what a certificate may be used for counts by itself, not by OpenSSL alone', async () => {
  const { cert } = await (await TestCa.create()).issue({ ...workload('shop', 'web'), usages: ['server'] });
  const connection = { tls: { certificate: new X509Certificate(cert), error: null } };
  const outcome = spiffeAuthenticator({ trustDomains: () => ['cluster.local'] })(connection);
  expect(outcome).toEqual({ kind: 'refused', reason: expect.stringContaining('no clientAuth') });
});

test('plain text has no identity', () => {
  expect(spiffeAuthenticator({ trustDomains: () => [] })({ tls: null })).toEqual({ kind: 'accepted', identity: null });
});

const identity = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' };

test.each([
  ['its own namespace', { namespace: 'shop' }, null],
  ['all that is its own', { namespace: 'shop', metadataNamespace: 'shop', serviceAccount: 'web' }, null],
  [
    'another namespace',
    { namespace: 'bank' },
    'the namespace of the node is bank, and that of its certificate is shop',
  ],
  ['another namespace in the metadata', { namespace: 'shop', metadataNamespace: 'bank' }, 'metadata NAMESPACE'],
  [
    'another service account',
    { namespace: 'shop', serviceAccount: 'db' },
    'metadata SERVICE_ACCOUNT of the node is db',
  ],
  ['no namespace, which is the default one', {}, 'the namespace of the node is default'],
  ['a namespace that begins alike', { namespace: 'shop2' }, 'shop2'],
])('S-03: a node that says %s', (_, node, reason) => {
  const outcome = authorizeNode(proxyNode(node), identity, undefined);
  expect(outcome).toEqual(reason === null ? null : expect.stringContaining(reason));
});

test('S-03: the id of another Pod of the same namespace is denied, unless that has the same service account', () => {
  const pod = (serviceAccount: string): Workload => ({
    ...{ namespace: 'shop', name: 'web-1', addresses: [], labels: new Map(), node: null, locality: nowhere },
    serviceAccount,
  });
  const node = proxyNode({ namespace: 'shop', name: 'web-1' });
  expect(authorizeNode(node, identity, pod('web'))).toBeNull();
  const denied = authorizeNode(node, identity, pod('vault'));
  expect(denied).toBe('the Pod web-1 does not run as the service account web of the certificate');
  expect(authorizeNode(node, identity, null)).toBe('there is no Pod web-1 in the namespace shop');
});
