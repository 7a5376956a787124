// Stands between Envoys and the control plane: its address stays when the control plane comes back on another port, and
// it can break every connection at once.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly host: string;
  readonly port: number;
  /** Where connections lead from now on. */
  lead(port: number): void;
  /** Breaks all connections, with a reset on both sides. */
  reset(): void;
  close(): Promise<void>;
}

const host = '127.0.0.1';

export async function startRelay(): Promise<Relay> {
  let target = 0;
  const open = new Set<Socket>();
  const track = (socket: Socket, other: () => Socket): void => {
    open.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      open.delete(socket);
      other().destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect({ host, port: target });
    track(client, () => upstream);
    track(upstream, () => client);
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const reset = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    host,
    port: (server.address() as AddressInfo).port,
    lead: (port) => {
      target = port;
    },
    reset,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      reset();
      await closed;
    },
  };
}
