// Messages that are larger than they look, over the wire: to ADS and to the services that grpc-js serves behind it. Each
// ends its own stream, and takes no more memory than messages may.
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { typeUrls } from '../../src/envoy/types.ts';
import { healthService } from '../../src/xds/services/health.ts';
import { encode } from '../harness/ads-client.ts';
import { rawCall } from '../harness/raw-call.ts';
import { message } from '../harness/raw-http2.ts';
import { inWorld, text } from './world.ts';

const ads = '/envoy.service.discovery.v3.AggregatedDiscoveryService/';
const paths = [`${ads}StreamAggregatedResources`, `${ads}DeltaAggregatedResources`, '/grpc.health.v1.Health/Check'];
const limit = 4 << 20;

interface Bomb {
  readonly bytes: () => Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly codes: readonly status[];
}

const gzip = { 'grpc-encoding': 'gzip' };
const bombs: Readonly<Record<string, Bomb>> = {
  'S-06: a gzip bomb of 1:1000': {
    bytes: () => message(gzipSync(Buffer.alloc(100 << 20)), { flag: 1 }),
    headers: gzip,
    codes: [status.UNIMPLEMENTED, status.RESOURCE_EXHAUSTED],
  },
  'S-06: what says that it is compressed, and is not': {
    bytes: () => message(Buffer.alloc(1_000, 0xff), { flag: 1 }),
    headers: gzip,
    codes: [status.UNIMPLEMENTED, status.INTERNAL, status.UNKNOWN],
  },
  'S-06: a length of 0xffffffff': {
    bytes: () => message(Buffer.alloc(0), { length: 0xffffffff }),
    codes: [status.RESOURCE_EXHAUSTED],
  },
  'S-06: a length of 100 MiB and no body': {
    bytes: () => message(Buffer.alloc(0), { length: 100 << 20 }),
    codes: [status.RESOURCE_EXHAUSTED],
  },
  'S-06: a message of 4 MiB and a byte': {
    bytes: () => message(Buffer.alloc(limit + 1)),
    codes: [status.RESOURCE_EXHAUSTED],
  },
  'S-07: bytes that are no message': {
    bytes: () => message(Buffer.alloc(1_000, 0xff)),
    codes: [status.INVALID_ARGUMENT, status.INTERNAL, status.UNKNOWN],
  },
  'S-07: a message inside another ten thousand times': {
    bytes: () => message(Buffer.concat([...new Array(10_000)].map(() => Buffer.from([0x0a, 0x02])))),
    // To health it is the name of a service.
    codes: [status.INVALID_ARGUMENT, status.NOT_FOUND],
  },
};

for (const [name, { bytes, headers, codes }] of Object.entries(bombs)) {
  test(`${name} ends its own stream, whatever the service`, () =>
    inWorld(
      'delta',
      async ({ connect, provider, server, events }) => {
        provider.publish({ cluster: 'a=1' });
        const proxy = connect();
        proxy.subscribe('cluster');
        await proxy.take('cluster');
        const bomb = bytes();
        const before = process.memoryUsage().arrayBuffers;
        for (const path of paths) {
          const call = rawCall(server.port, path, headers);
          call.stream.end(bomb);
          const code = await call.ended;
          expect([path, codes.includes(code)]).toEqual([path, true]);
          call.close();
        }
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(paths.length * 2 * limit);
        provider.publish({ cluster: 'a=2' });
        expect(text(await proxy.take('cluster'))).toBe('a=2');
        expect(events.filter(({ kind }) => kind === 'fault')).toEqual([]);
      },
      {},
      { services: () => [healthService([]).service] },
    ));
}

test('S-05: ten thousand keys in metadata are too many', () =>
  inWorld('delta', async ({ connect }) => {
    const client = connect();
    const fields = [...new Array(10_000).keys()].map((key) => ({ key: `k${key}`, value: { string_value: 'v' } }));
    client.sendBytes(
      encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
        node: { id: 'many', metadata: { fields } },
        type_url: typeUrls.cluster,
      }),
    );
    expect((await client.ended).code).toBe(status.INVALID_ARGUMENT);
  }));

test('S-11: names with NUL, newlines, parents and look-alikes are names like any other, and of them there is nothing', () =>
  inWorld('delta', async ({ connect, provider }) => {
    provider.publish({ cluster: 'a=1', endpoint: 'a=1' });
    const names = ['a\u0000', 'a\n', '../a', 'а', 'A', '%61', '__proto__', 'constructor', ''];
    const client = connect();
    client.subscribe('endpoint', ...names, 'a');
    const { resources, removed } = await client.take('endpoint');
    expect([...resources.keys()]).toEqual(['a']);
    expect([...removed].sort()).toEqual([...names].sort());
  }));

test('S-11: a stream names at most a hundred thousand resources, and a name has at most 4 KiB', () =>
  inWorld('delta', async ({ connect }) => {
    const [many, long] = [connect(), connect()];
    for (let part = 0; part < 3; part += 1) {
      many.subscribe('endpoint', ...[...new Array(40_000).keys()].map((index) => `n${part}-${index}`));
    }
    expect((await many.ended).code).toBe(status.RESOURCE_EXHAUSTED);
    long.subscribe('endpoint', 'x'.repeat(1 << 20));
    expect((await long.ended).code).toBe(status.INVALID_ARGUMENT);
  }));

test('S-12: an empty type ends the stream; ten thousand unknown ones are remembered as a few', () =>
  inWorld('delta', async ({ connect, provider, events, server }) => {
    provider.publish({ cluster: 'a=1' });
    const empty = connect();
    empty.request({ type_url: '' });
    expect((await empty.ended).code).toBe(status.INVALID_ARGUMENT);
    const client = connect({ node: { id: 'curious' } });
    for (let index = 0; index < 500; index += 1) client.request({ type_url: `type.googleapis.com/debug.${index}` });
    client.subscribe('cluster');
    expect(text(await client.take('cluster'))).toBe('a=1');
    expect(events.filter(({ kind }) => kind === 'unknownType').length).toBe(500);
    const [status_] = server.streams();
    expect(status_?.types.map(({ kind }) => kind)).toEqual(['cluster']);
  }));
