// A TCP proxy between a client and a server, for what networks do: delay, small pieces, silence and resets.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxyOptions {
  /** Where it forwards to, on 127.0.0.1. */
  readonly port: number;
  /** How long every piece takes, each way, in milliseconds. */
  readonly delay?: number;
  /** How large a piece is at most, in bytes. */
  readonly piece?: number;
}

export interface TcpProxy {
  readonly port: number;
  /** Connections that were opened so far. */
  readonly opened: number;
  /** Breaks all connections with a reset. */
  reset(): void;
  /** Passes nothing on of the connections that there are, and closes none; those that are opened later work. */
  strand(): void;
  /** Passes nothing on, either way, and closes nothing: as a network that drops everything; or passes on again. */
  silent(on: boolean): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startTcpProxy({ port, delay = 0, piece = 1 << 16 }: TcpProxyOptions): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const stranded = new WeakSet<Socket>();
  let [opened, mute] = [0, false];
  const isMute = (socket: Socket): boolean => mute || stranded.has(socket);
  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (data) => {
      for (let start = 0; start < data.length; start += piece) {
        const part = data.subarray(start, start + piece);
        setTimeout(() => !isMute(from) && !to.destroyed && to.write(part), delay);
      }
    });
    // After the pieces that came before.
    from.on('close', () => setTimeout(() => !isMute(from) && to.end(), delay));
    from.on('error', () => {});
  };
  const server = createServer((downstream) => {
    opened += 1;
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [downstream, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    forward(downstream, upstream);
    forward(upstream, downstream);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get opened() {
      return opened;
    },
    reset: end,
    strand: () => {
      for (const socket of sockets) stranded.add(socket);
    },
    silent: (on) => {
      mute = on;
    },
    close: async () => {
      end();
      server.close();
      await once(server, 'close');
    },
  };
}
