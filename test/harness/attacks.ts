// Clients that break HTTP/2 or use it up, each against a server on a port of this machine.
import { encode } from './ads-client.ts';
import { flags, frame, frameTypes, grpcHeaders, headerBlock, message, RawHttp2 } from './raw-http2.ts';

/** Resolves when it is over. */
export type Attack = (port: number) => Promise<void>;

const range = (count: number): number[] => [...new Array(count).keys()];
const odd = (index: number): number => 2 * index + 1;
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const open = (stream: number, more = {}): Buffer =>
  frame(frameTypes.headers, flags.endHeaders, stream, grpcHeaders(more));

/** What no client of HTTP/2 and gRPC does. */
export const malformed: Readonly<Record<string, Attack>> = {
  'a bad preface': async (port) => {
    const client = await RawHttp2.connect(port);
    client.send(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    await client.closed;
  },
  'a CONTINUATION flood': async (port) => {
    const client = await RawHttp2.open(port);
    await client.push(frame(frameTypes.headers, 0, 1, grpcHeaders()));
    const field = headerBlock([['x-padding', 'y'.repeat(8_000)]]);
    for (const _ of range(200)) await client.push(frame(frameTypes.continuation, 0, 1, field));
    await client.ended(1);
    client.close();
  },
  'rapid resets': async (port) => {
    const client = await RawHttp2.open(port);
    for (const batch of range(100)) {
      const streams = range(100).map((index) => odd(batch * 100 + index));
      await client.push(...streams.flatMap((id) => [open(id), frame(frameTypes.reset, 0, id, u32(8))]));
    }
    await client.closed;
  },
  'a flood of SETTINGS': async (port) => {
    const client = await RawHttp2.open(port);
    const settings = Buffer.concat(range(1_000).map(() => frame(frameTypes.settings, 0, 0)));
    for (const _ of range(100)) await client.push(settings);
    client.close();
  },
  'a flood of PINGs whose answers are not read': async (port) => {
    const client = await RawHttp2.open(port);
    client.socket.pause();
    const pings = Buffer.concat(range(1_000).map(() => frame(frameTypes.ping, 0, 0, Buffer.alloc(8))));
    for (const _ of range(50)) client.send(pings);
    await new Promise((resolve) => setImmediate(resolve));
    client.close();
  },
  'WINDOW_UPDATEs beyond the largest window': async (port) => {
    const client = await RawHttp2.open(port);
    client.send(open(1));
    for (const stream of [1, 0]) client.send(frame(frameTypes.window, 0, stream, u32(0x7fffffff)));
    await client.ended(1);
    client.close();
  },
  'an HPACK bomb': async (port) => {
    const client = await RawHttp2.open(port);
    // One long field goes into the table (its index is then 62), and is named two thousand times.
    const entry = Buffer.concat([Buffer.from([0x40]), headerBlock([['x-bomb', 'b'.repeat(3_900)]]).subarray(1)]);
    const block = Buffer.concat([grpcHeaders(), entry, Buffer.alloc(2_000, 0x80 | 62)]);
    client.send(frame(frameTypes.headers, flags.endHeaders, 1, block));
    await client.ended(1);
    client.close();
  },
  'a path without its slash': async (port) => {
    const client = await RawHttp2.open(port);
    const path = 'envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
    client.send(open(1, { ':path': path }));
    await client.ended(1);
    client.close();
  },
  'a wrong content-type, none, and another method': async (port) => {
    const client = await RawHttp2.open(port);
    client.send(open(1, { 'content-type': 'text/plain' }), open(3, { 'content-type': null }));
    client.send(open(5, { ':method': 'GET' }), open(7, { 'content-type': 'application/grpcx' }));
    for (const stream of [1, 3, 5, 7]) await client.ended(stream);
    client.close();
  },
  'a call without te: trailers': async (port) => {
    const client = await RawHttp2.open(port);
    client.send(open(1, { te: null }), frame(frameTypes.data, flags.endStream, 1));
    await client.ended(1);
    client.close();
  },
};

/** What is allowed, but for its amount or its time. The server's deadlines have to be short. */
export const exhausting: Readonly<Record<string, Attack>> = {
  'a message in DATA frames of one byte': async (port) => {
    const client = await RawHttp2.open(port);
    client.send(open(1));
    const bytes = message(Buffer.alloc(200_000, 0xff));
    for (let at = 0; at < bytes.length; at += 1_000) {
      const part = bytes.subarray(at, at + 1_000);
      await client.push(...[...part].map((byte) => frame(frameTypes.data, 0, 1, Buffer.from([byte]))));
    }
    await client.ended(1);
    client.close();
  },
  'more streams than a connection may have': async (port) => {
    const client = await RawHttp2.open(port);
    await client.push(...range(2_000).map((index) => open(odd(index))));
    await client.frame(({ type }) => type === frameTypes.reset || type === frameTypes.goaway);
    client.close();
  },
  'a hundred connections without a byte': async (port) => {
    const clients = await Promise.all(range(100).map(() => RawHttp2.connect(port)));
    await Promise.all(clients.map(({ closed }) => closed));
  },
  'streams without a request': async (port) => {
    const client = await RawHttp2.open(port);
    client.send(...range(50).map((index) => open(odd(index))));
    for (const index of range(50)) await client.ended(odd(index));
    client.close();
  },
  'a request that never becomes whole': async (port) => {
    const client = await RawHttp2.open(port);
    client.send(open(1), frame(frameTypes.data, 0, 1, message(Buffer.from('abc'), { length: 1_000 })));
    await client.ended(1);
    client.close();
  },
  'a window of zero': async (port) => {
    const client = await RawHttp2.open(port, 0);
    const type_url = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
    const request = encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', { node: { id: 'stalled' }, type_url });
    client.send(open(1), frame(frameTypes.data, 0, 1, message(request)));
    await client.ended(1);
    client.close();
  },
};
