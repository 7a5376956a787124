// gRPC's framing and what comes in it: S-05, S-06, S-07.
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { percentEncoded } from '../../src/xds/transport/grpc-stream.ts';
import { messageReader } from '../../src/xds/transport/message-reader.ts';
import { encode } from '../harness/ads-client.ts';
import { message } from '../harness/raw-http2.ts';
import { inWorld, text } from './world.ts';

const type_url = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const requestName = 'envoy.service.discovery.v3.DeltaDiscoveryRequest';
const request = encode(requestName, {
  node: { id: 'sidecar~10.0.0.1~web.shop~x', cluster: 'web', metadata: { fields: [] } },
  type_url,
  resource_names_subscribe: ['a', 'b'],
  initial_resource_versions: [{ key: 'a', value: '1' }],
});

describe('messages', () => {
  test('come out whole, however they are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 6_000 }), { maxLength: 5 });
    const cuts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(messages, cuts, (sent, sizes) => {
        const bytes = Buffer.concat(sent.map((each) => message(each)));
        const received: Buffer[] = [];
        const reader = messageReader(1 << 20, (each) => received.push(Buffer.from(each)));
        for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
          const size = sizes[cut % sizes.length] ?? 1;
          expect(reader.push(bytes.subarray(at, at + size))).toBe(null);
          at += size;
        }
        expect(received).toEqual(sent.map((each) => Buffer.from(each)));
      }),
    );
  });

  test('S-06: of a length that is too large the head alone is read', () => {
    const reader = messageReader(100, () => expect.fail('there is no message'));
    for (const length of [101, 100 << 20, 0xffffffff]) {
      const head = message(Buffer.alloc(0), { length });
      expect(messageReader(100, () => {}).push(head)?.code).toBe(status.RESOURCE_EXHAUSTED);
    }
    expect(reader.push(Buffer.from([0, 0, 0]))).toBe(null);
  });

  test('S-06: a compressed message is not unpacked, and flags that nobody knows are refused', () => {
    const push = (flag: number): number | undefined =>
      messageReader(1 << 20, () => {}).push(message(gzipSync(Buffer.alloc(1 << 16)), { flag }))?.code;
    expect([push(1), push(2), push(255)]).toEqual([status.UNIMPLEMENTED, status.INTERNAL, status.INTERNAL]);
  });

  test('S-06: what is kept of a message that says it is large is little more than what has come', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = [...new Array(200)].map(() => messageReader(4 << 20, () => {}));
    for (const reader of readers) reader.push(message(Buffer.from('x'), { length: 4 << 20 }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
    expect(readers).toHaveLength(200);
  });
});

test('the message of a status is percent-encoded', () => {
  expect(percentEncoded('a b%\n\u0000ü')).toBe('a b%25%0A%00%C3%BC');
});

test('S-07: no truncation of a request does more than end its own stream', () =>
  inWorld('delta', async ({ connect, provider, events }) => {
    provider.publish({ cluster: 'a=1' });
    const good = connect();
    good.subscribe('cluster');
    await good.take('cluster');
    const bad = [...request.keys()].map((length) => {
      const client = connect();
      client.sendBytes(request.subarray(0, length));
      return client;
    });
    const whole = connect();
    whole.sendBytes(request);
    await whole.take('cluster');
    provider.publish({ cluster: 'a=2' });
    expect(text(await good.take('cluster'))).toBe('a=2');
    for (const client of bad) client.close();
    const codes = await Promise.all(bad.map((client) => client.ended));
    expect(codes.every(({ code }) => code === status.INVALID_ARGUMENT || code === status.CANCELLED)).toBe(true);
    expect(events.filter(({ kind }) => kind === 'fault')).toEqual([]);
  }));

const nested = (depth: number): Buffer => {
  let bytes = Buffer.alloc(0);
  for (let level = 0; level < depth; level += 1)
    bytes = Buffer.concat([Buffer.from([0x0a]), varint(bytes.length), bytes]);
  return bytes;
};
const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
};
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const node = (id: Uint8Array, ...more: readonly Buffer[]): Buffer => field(1, Buffer.concat([field(1, id), ...more]));
const asking = field(2, Buffer.from(type_url));
const struct = (key: string, value: Buffer): Buffer =>
  field(1, Buffer.concat([field(1, Buffer.from(key)), field(2, value)]));
const deep = (depth: number): Buffer => {
  let value = field(3, Buffer.from('x'));
  for (let level = 0; level < depth; level += 1) value = field(5, struct('k', value));
  return value;
};
const nan = Buffer.from([0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
const me = Buffer.from('me');

const bad: Readonly<Record<string, readonly [bytes: Buffer, code: status]>> = {
  'S-07: group wire types': [Buffer.from([0x0b, 0x0c]), status.INVALID_ARGUMENT],
  'S-07: a varint of eleven bytes': [Buffer.concat([Buffer.alloc(11, 0xff), asking]), status.INVALID_ARGUMENT],
  'S-07: ten thousand messages inside each other': [nested(10_000), status.INVALID_ARGUMENT],
  'S-07: a node that is no message': [Buffer.concat([field(1, Buffer.from([0xff])), asking]), status.INVALID_ARGUMENT],
  'S-05: metadata of a mebibyte': [
    Buffer.concat([node(me, field(3, struct('k', field(3, Buffer.alloc(1 << 20, 'x'))))), asking]),
    status.INVALID_ARGUMENT,
  ],
  'S-05: metadata of depth 10,000': [
    Buffer.concat([node(me, field(3, struct('k', deep(1_000)))), asking]),
    status.INVALID_ARGUMENT,
  ],
  'S-05: NaN in metadata': [
    Buffer.concat([node(me, field(3, struct('PORT_OFFSET', nan))), asking]),
    status.INVALID_ARGUMENT,
  ],
  'S-05: an id that is no UTF-8': [Buffer.concat([node(Buffer.from([0xff, 0xfe])), asking]), status.INVALID_ARGUMENT],
};
for (const [name, [bytes, code]] of Object.entries(bad)) {
  test(name, () =>
    inWorld('delta', async ({ connect, events }) => {
      const client = connect();
      client.sendBytes(bytes);
      expect((await client.ended).code).toBe(code);
      expect(events.filter(({ kind }) => kind === 'fault')).toEqual([]);
    }),
  );
}

test('S-05: keys such as __proto__ in metadata are keys like any other', () =>
  inWorld('delta', async ({ connect, provider }) => {
    provider.publish({ cluster: 'a=1' });
    const known = Object.getOwnPropertyNames(Object.prototype);
    const keys = ['__proto__', 'constructor', 'toString'].map((key) =>
      struct(key, field(5, struct('polluted', field(3, me)))),
    );
    const client = connect();
    client.sendBytes(Buffer.concat([node(me, field(3, Buffer.concat(keys))), asking]));
    await client.take('cluster');
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(known);
    expect('polluted' in {}).toBe(false);
  }));

test('S-07: a mebibyte of unknown fields is skipped', () =>
  inWorld('delta', async ({ connect, provider }) => {
    provider.publish({ cluster: 'a=1' });
    const client = connect();
    client.sendBytes(Buffer.concat([field(500, Buffer.alloc(1 << 20)), node(me), asking]));
    expect(text(await client.take('cluster'))).toBe('a=1');
  }));

const shredded = (size: number, length: number): number | undefined => {
  const reader = messageReader(1 << 20, () => {});
  const bytes = message(Buffer.alloc(length));
  for (let at = 0; at < bytes.length; at += size) {
    const fault = reader.push(bytes.subarray(at, at + size));
    if (fault !== null) return fault.code;
  }
  return undefined;
};

test('S-08: a message of a hundred thousand pieces is not read to its end, one of usual pieces is', () => {
  expect(shredded(1, 100_000)).toBe(status.RESOURCE_EXHAUSTED);
  expect(shredded(1, 900)).toBe(undefined);
  expect(shredded(100, 1 << 20)).toBe(undefined);
});
