// A TCP relay that a test can cut, so that both ends see a lost connection.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export class Cuttable {
  readonly port: number;
  readonly #close: () => void;
  readonly #sockets: Set<Socket>;

  private constructor(port: number, sockets: Set<Socket>, close: () => void) {
    this.port = port;
    this.#sockets = sockets;
    this.#close = close;
  }

  /** Leads to a port of this machine. */
  static async to(target: number): Promise<Cuttable> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Cuttable((server.address() as AddressInfo).port, sockets, () => server.close());
  }

  /** Ends all connections; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#close();
    this.cut();
  }
}
