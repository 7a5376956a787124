// What arrives from a client is bounded, and never throws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageType } from '../../src/envoy/descriptors.ts';
import { bytesField, joinPieces, numberField, ready, textField } from '../../src/envoy/wire.ts';
import { decodeRequest, type Protocol, shorten } from '../../src/xds/requests.ts';
import { encode } from '../harness/ads-client.ts';

const messages: { readonly [P in Protocol]: Buffer } = {
  sotw: encode('envoy.service.discovery.v3.DiscoveryRequest', {
    version_info: 'v',
    node: { id: 'test' },
    resource_names: ['a', 'b'],
    type_url: 'type',
    response_nonce: 'n',
    error_detail: { code: 3, message: 'bad' },
  }),
  delta: encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
    node: { id: 'test' },
    type_url: 'type',
    resource_names_subscribe: ['a', 'b'],
    resource_names_unsubscribe: ['c'],
    initial_resource_versions: [{ key: 'a', value: '1' }],
    response_nonce: 'n',
    error_detail: { code: 3, message: 'bad' },
  }),
};
const base = { typeUrl: 'type', nonce: 'n', error: 'bad', node: Buffer.from([10, 4, ...Buffer.from('test')]) };

test('all that counts is read', () => {
  expect(decodeRequest('sotw', messages.sotw)).toEqual({
    kind: 'request',
    request: { protocol: 'sotw', ...base, version: 'v', names: ['a', 'b'] },
  });
  expect(decodeRequest('delta', messages.delta)).toEqual({
    kind: 'request',
    request: { protocol: 'delta', ...base, subscribe: ['a', 'b'], unsubscribe: ['c'], versions: new Map([['a', '1']]) },
  });
});

test('an error without a message is an error, and one that is not there is none', () => {
  const request = (fields: object): unknown =>
    decodeRequest('sotw', encode('envoy.service.discovery.v3.DiscoveryRequest', { type_url: 't', ...fields }));
  expect(request({ error_detail: {} })).toMatchObject({ request: { error: 'refused without a message' } });
  expect(request({})).toMatchObject({ request: { error: null, node: null, nonce: '', names: [] } });
});

test.each([
  ['no type', { resource_names: ['a'] }, 'no type_url'],
  ['a name of 5 KiB', { type_url: 't', resource_names: ['x'.repeat(5 << 10)] }, 'longer than 4096'],
  ['100,001 names', { type_url: 't', resource_names: new Array(100_001).fill('x') }, 'more than 100000'],
])('%s: refused', (_sentence, fields, reason) => {
  const decoded = decodeRequest('sotw', encode('envoy.service.discovery.v3.DiscoveryRequest', fields));
  expect(decoded.kind === 'refused' && decoded.reason).toContain(reason);
});

test('a long message is cut at the end of a character', () => {
  expect(shorten('short')).toBe('short');
  const cut = shorten('ä'.repeat(4000));
  expect(Buffer.byteLength(cut)).toBe(4096);
  expect(shorten(`x${'ä'.repeat(4000)}`)).toBe(`x${'ä'.repeat(2047)}`);
});

test('fields in any order, twice, and unknown ones are read as protobuf says', () => {
  const ids = { names: 3, type: 4, nonce: 5, varint: 90, bytes: 91 };
  const message = joinPieces([
    textField(ids.names, 'a'),
    numberField(ids.varint, 2 ** 40),
    textField(ids.type, 'first'),
    textField(ids.names, 'b'),
    ready(Buffer.from([((92 << 3) % 128) | 1 | 0x80, (92 << 3) >> 7, 1, 2, 3, 4, 5, 6, 7, 8])),
    ready(Buffer.from([((93 << 3) % 128) | 5 | 0x80, (93 << 3) >> 7, 1, 2, 3, 4])),
    textField(ids.type, 'last'),
    bytesField(ids.bytes, Buffer.from([0xff])),
    textField(ids.nonce, 'ä'),
  ]);
  expect(decodeRequest('sotw', message)).toMatchObject({ request: { typeUrl: 'last', nonce: 'ä', names: ['a', 'b'] } });
});

/** What protobufjs reads of the same bytes. */
function readByLibrary(protocol: Protocol, bytes: Buffer): unknown {
  const type = protocol === 'sotw' ? 'DiscoveryRequest' : 'DeltaDiscoveryRequest';
  const raw = messageType(`envoy.service.discovery.v3.${type}`).decode(bytes) as unknown as Record<string, unknown>;
  const common = { typeUrl: raw['type_url'], nonce: raw['response_nonce'] };
  if (protocol === 'sotw') return { ...common, version: raw['version_info'], names: raw['resource_names'] };
  const versions = new Map(Object.entries(raw['initial_resource_versions'] as object));
  const [subscribe, unsubscribe] = [raw['resource_names_subscribe'], raw['resource_names_unsubscribe']];
  return { ...common, subscribe, unsubscribe, versions };
}

describe.each<Protocol>(['sotw', 'delta'])('%s', (protocol) => {
  test('every truncation is read or refused', () => {
    const message = messages[protocol];
    for (let end = 0; end < message.length; end += 1) decodeRequest(protocol, message.subarray(0, end));
  });

  test('whatever is read is what protobufjs reads', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    const list = fc.array(text, { maxLength: 40 });
    const entry = fc.record({ key: text, value: text });
    const arbitrary: Record<string, fc.Arbitrary<unknown>> = {
      type_url: text.filter((type) => type !== ''),
      response_nonce: text,
      ...(protocol === 'sotw' && { version_info: text, resource_names: list }),
      ...(protocol === 'delta' && {
        resource_names_subscribe: list,
        resource_names_unsubscribe: list,
        initial_resource_versions: fc.uniqueArray(entry, { selector: ({ key }) => key }),
      }),
    };
    const type = protocol === 'sotw' ? 'DiscoveryRequest' : 'DeltaDiscoveryRequest';
    fc.assert(
      fc.property(fc.record(arbitrary), (given) => {
        const bytes = encode(`envoy.service.discovery.v3.${type}`, given);
        expect(decodeRequest(protocol, bytes)).toMatchObject({ request: readByLibrary(protocol, bytes) as object });
      }),
      { numRuns: 500 },
    );
  });

  test('no bytes make it throw', () => {
    const changed = fc.tuple(fc.nat(messages[protocol].length - 1), fc.nat(255)).map(([at, value]) => {
      const bytes = Buffer.from(messages[protocol]);
      bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }).map(Buffer.from), changed), (bytes) => {
        expect(['request', 'refused']).toContain(decodeRequest(protocol, bytes).kind);
      }),
      { numRuns: 1000 },
    );
  });
});
