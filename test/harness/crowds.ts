// Attacks by sheer number: of streams, of connections, of handshakes. All of it from this machine, and bounded.
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import type { Attack } from './attacks.ts';
import { flags, frame, frameTypes, grpcHeaders, RawHttp2 } from './raw-http2.ts';

const range = (count: number): number[] => [...new Array(count).keys()];

/** On the port of plain text. */
export const crowds: Readonly<Record<string, Attack>> = {
  'ten thousand streams on one connection': async (port) => {
    const client = await RawHttp2.open(port);
    const headers = grpcHeaders();
    for (const batch of range(100)) {
      const streams = range(100).map((index) => 2 * (batch * 100 + index) + 1);
      await client.push(...streams.map((id) => frame(frameTypes.headers, flags.endHeaders, id, headers)));
    }
    await client.frame(({ type }) => type === frameTypes.reset || type === frameTypes.goaway);
    client.close();
  },
  'two thousand connections without a byte': async (port) => {
    const clients = await Promise.all(range(2_000).map(() => RawHttp2.connect(port)));
    await Promise.all(clients.map(({ closed }) => closed));
  },
};

/** On the port of TLS. */
export const handshakes: Readonly<Record<string, Attack>> = {
  'five hundred connections that begin no handshake': async (port) => {
    const clients = await Promise.all(range(500).map(() => RawHttp2.connect(port)));
    await Promise.all(clients.map(({ closed }) => closed));
  },
  'five hundred handshakes of garbage': async (port) => {
    const clients = await Promise.all(range(500).map(() => RawHttp2.connect(port)));
    for (const client of clients) client.send(Buffer.alloc(200, 0x16));
    await Promise.all(clients.map(({ closed }) => closed));
  },
  'two hundred handshakes that are left in the middle': async (port) => {
    for (const _ of range(10)) {
      await Promise.all(
        range(20).map(async () => {
          const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
          socket.on('error', () => {});
          await once(socket, 'connect');
          setImmediate(() => socket.destroy());
          await once(socket, 'close');
        }),
      );
    }
  },
  'two hundred handshakes without a certificate': async (port) => {
    for (const _ of range(10)) {
      await Promise.all(
        range(20).map(async () => {
          const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
          socket.on('error', () => {});
          await once(socket, 'secureConnect');
          socket.destroy();
        }),
      );
    }
  },
};
