// Who a proxy says it is, and what is not taken from it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NodeOutcome, nodeIdentity, proxyNode, readNode } from '../../src/envoy/node.ts';
import { bytesField, joinPieces, textField } from '../../src/envoy/wire.ts';
import { encode, metadata } from '../harness/ads-client.ts';

const read = (node: Readonly<Record<string, unknown>>): NodeOutcome =>
  readNode(encode('envoy.config.core.v3.Node', node));

function proxy(node: Readonly<Record<string, unknown>>): unknown {
  const outcome = read(node);
  return outcome.kind === 'node' ? outcome.node : outcome.reason;
}

function nested(depth: number): Readonly<Record<string, unknown>> {
  let value: object = { string_value: 'deep' };
  for (let level = 0; level < depth; level += 1) value = { list_value: { values: [value] } };
  return { fields: [{ key: 'DEEP', value }] };
}

test('the id says role, address, name and namespace; the name may have dots', () => {
  expect(proxy({ id: 'sidecar~10.0.0.1~web.v1-abc.shop~shop.svc.cluster.local' })).toMatchObject({
    role: 'sidecar',
    ip: '10.0.0.1',
    name: 'web.v1-abc',
    namespace: 'shop',
  });
  expect(proxy({ id: 'router~10.0.0.2~ingress.sluice-system~x' })).toMatchObject({ role: 'router', name: 'ingress' });
});

test('any other id is a sidecar in the namespace of the metadata, or in the default one', () => {
  expect(proxy({ id: 'test' })).toEqual({
    ...proxyNode({ ip: '', name: 'test' }),
    id: 'test',
    envoyMinor: null,
  });
  expect(proxy({ id: 'test', metadata: metadata({ NAMESPACE: 'shop' }) })).toMatchObject({ namespace: 'shop' });
  const odd = ['sidecar~1.2.3.4~web~x', 'sidecar~1.2.3.4~.shop~x', 'waypoint~1.2.3.4~a.b~x', 'sidecar~1~a.b~x~y'];
  for (const id of odd) expect(proxy({ id })).toMatchObject({ name: id, role: 'sidecar', namespace: 'default' });
});

test('the namespace and the service account of the metadata are kept beside those of the id', () => {
  const given = metadata({ NAMESPACE: 'bank', SERVICE_ACCOUNT: 'teller' });
  expect(proxy({ id: 'sidecar~10.0.0.1~web.shop~x', metadata: given })).toMatchObject({
    namespace: 'shop',
    metadataNamespace: 'bank',
    serviceAccount: 'teller',
  });
  expect(proxy({ id: 'test' })).toMatchObject({ metadataNamespace: null, serviceAccount: null });
});

test('labels of the metadata are kept for a Pod that nobody knows', () => {
  const labels = { string_value: 'v2' };
  const fields = [{ key: 'LABELS', value: { struct_value: { fields: [{ key: 'version', value: labels }] } } }];
  expect(proxy({ id: 'test', metadata: { fields } })).toMatchObject({ labels: new Map([['version', 'v2']]) });
  expect(proxy({ id: 'test' })).toMatchObject({ labels: new Map() });
});

test('whether an Envoy wants to know who is like it', () => {
  const asked = ['true', 'false', 'yes'].map((text) =>
    proxy({ id: 'x', metadata: metadata({ ENABLE_SELF_DISCOVERY: text }) }),
  );
  expect(asked).toMatchObject([{ selfDiscovery: true }, { selfDiscovery: false }, { selfDiscovery: false }]);
  expect(proxy({ id: 'x' })).toMatchObject({ selfDiscovery: false });
});

test('interception, port offset, locality and the version of Envoy are read', () => {
  const node = {
    id: 'test',
    metadata: metadata({ INTERCEPTION_MODE: 'NONE', PORT_OFFSET: '10000' }),
    locality: { region: 'eu', zone: 'eu-1', sub_zone: 'rack-2' },
    user_agent_build_version: { version: { major_number: 1, minor_number: 38, patch: 1 } },
  };
  expect(proxy(node)).toMatchObject({
    interception: 'NONE',
    portOffset: 10_000,
    locality: { region: 'eu', zone: 'eu-1', subZone: 'rack-2' },
    envoyMinor: 38,
  });
  expect(proxy({ id: 'test', metadata: metadata({ PORT_OFFSET: 64_511 }) })).toMatchObject({ portOffset: 64_511 });
});

test('certificates come from the agent, but for those that the metadata names as files', () => {
  const client = { TLS_CLIENT_CERT_CHAIN: '/c.pem', TLS_CLIENT_KEY: '/c.key', TLS_CLIENT_ROOT_CERT: '/r.pem' };
  expect(proxy({ id: 'test' })).toMatchObject({ certificates: { client: { kind: 'sds' }, server: { kind: 'sds' } } });
  expect(proxy({ id: 'test', metadata: metadata(client) })).toMatchObject({
    certificates: {
      client: { kind: 'files', chain: '/c.pem', key: '/c.key', root: '/r.pem' },
      server: { kind: 'sds' },
    },
  });
  expect(proxy({ id: 'test', metadata: metadata({ MESH_CERTIFICATES: 'NONE' }) })).toMatchObject({
    certificates: { client: { kind: 'none' }, server: { kind: 'none' } },
  });
});

test('who is no Envoy says so', () => {
  expect(proxy({ id: 'test' })).toMatchObject({ generator: 'envoy' });
  expect(proxy({ id: 'test', metadata: metadata({ GENERATOR: 'grpc' }) })).toMatchObject({ generator: 'grpc' });
});

test.each([
  ['an empty id', {}, 'node.id is empty'],
  ['an id that is too long', { id: 'x'.repeat(1025) }, 'node.id is longer than 1024 bytes'],
  [
    'a certificate without its key',
    { id: 'x', metadata: metadata({ TLS_SERVER_CERT_CHAIN: '/s.pem', TLS_SERVER_ROOT_CERT: '/r.pem' }) },
    'belong together',
  ],
  ['certificates from nowhere', { id: 'x', metadata: metadata({ MESH_CERTIFICATES: 'WAX' }) }, 'MESH_CERTIFICATES'],
  [
    'a port offset that leads beyond the ports',
    { id: 'x', metadata: metadata({ PORT_OFFSET: 64_512 }) },
    'PORT_OFFSET',
  ],
  ['a port offset that is no number', { id: 'x', metadata: metadata({ PORT_OFFSET: 'many' }) }, 'PORT_OFFSET'],
  ['an unknown interception', { id: 'x', metadata: metadata({ INTERCEPTION_MODE: 'EVIL' }) }, 'INTERCEPTION_MODE'],
  ['an unknown generator', { id: 'x', metadata: metadata({ GENERATOR: 'gRPC' }) }, 'not one of envoy, grpc'],
  ['a namespace that is no text', { id: 'x', metadata: metadata({ NAMESPACE: 7 }) }, 'NAMESPACE'],
  ['metadata that is too large', { id: 'x', metadata: metadata({ X: 'x'.repeat(65_536) }) }, 'larger than 65536 bytes'],
  ['labels that are none', { id: 'x', metadata: metadata({ LABELS: 'a=b' }) }, 'metadata LABELS'],
  ['metadata that is too deep', { id: 'x', metadata: nested(32) }, 'nested deeper than 32'],
  ['a zone that is too long', { id: 'x', locality: { zone: 'z'.repeat(257) } }, 'node.locality.zone'],
])('%s is refused', (_sentence, node, reason) => {
  expect(proxy(node)).toContain(reason);
});

test('metadata that no decoder should follow is refused', () => {
  const inside = (field: number, bytes: Uint8Array): Buffer => joinPieces([bytesField(field, bytes)]);
  let value = joinPieces([textField(3, 'deep')]);
  for (let level = 0; level < 5000; level += 1) value = inside(6, inside(1, value));
  const entry = joinPieces([textField(1, 'DEEP'), bytesField(2, value)]);
  const node = joinPieces([textField(1, 'x'), bytesField(3, inside(1, entry))]);
  expect(readNode(node)).toEqual({ kind: 'refused', reason: 'the node is not an envoy.config.core.v3.Node' });
});

test('names that JavaScript treats specially are names like any other', () => {
  expect(
    proxy({ id: 'x', metadata: metadata({ __proto__x: 'y', constructor: 'z', ['__proto__']: 'w' }) }),
  ).toMatchObject({
    namespace: 'default',
  });
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(['node', 'refused']).toContain(readNode(bytes).kind);
      nodeIdentity(bytes);
    }),
  );
});
