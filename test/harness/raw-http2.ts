// An HTTP/2 client that writes frames byte by byte, so that it can break every rule of the protocol.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
};
export const flags = { endStream: 1, ack: 1, endHeaders: 4 };

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, frameFlags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = frameFlags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A string of HPACK without Huffman coding. */
function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [0x7f];
  let rest = bytes.length - 127;
  for (; rest > 127; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** Literal fields that are not indexed. */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), hpackString(name), hpackString(value)]));
}

const adsPath = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** The headers of a gRPC call, with some of them in another form; null leaves one out. */
export function grpcHeaders(given: Readonly<Record<string, string | null>> = {}): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'sluice',
    ':path': adsPath,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...given,
  };
  return headerBlock(Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

/** A gRPC message: a flag, the length, the bytes; or a head that lies. */
export function message(bytes: Uint8Array, { flag = 0, length = bytes.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

export class RawHttp2 {
  readonly frames: Frame[] = [];
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #wake = (): void => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#wake();
        resolve();
      });
    });
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** Connects without a word. */
  static async connect(port: number): Promise<RawHttp2> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawHttp2(socket);
  }

  /** Connects and says what is proper to begin with. `window`: what the server may send on a stream. */
  static async open(port: number, window = 65_535): Promise<RawHttp2> {
    const client = await RawHttp2.connect(port);
    const setting = Buffer.alloc(6);
    setting.writeUInt16BE(4, 0);
    setting.writeUInt32BE(window, 2);
    client.send(Buffer.from(preface), frame(frameTypes.settings, 0, 0, setting), frame(frameTypes.settings, 1, 0));
    return client;
  }

  send(...parts: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(parts));
  }

  /** Sends, and waits until the system has taken it or the connection is gone. */
  async push(...parts: readonly Uint8Array[]): Promise<void> {
    if (this.socket.destroyed) return;
    if (this.socket.write(Buffer.concat(parts))) return;
    const drained = new Promise((resolve) => this.socket.once('drain', resolve));
    await Promise.race([drained, this.closed]);
  }

  /** The first frame that fits, now or later; undefined: the connection was closed before it came. */
  async frame(fits: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined || this.socket.destroyed) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Whether the stream was ended or reset, or the connection closed. */
  async ended(stream: number): Promise<boolean> {
    await this.frame(
      (each) =>
        (each.stream === stream &&
          (each.type === frameTypes.reset || (each.type <= 1 && (each.flags & flags.endStream) !== 0))) ||
        each.type === frameTypes.goaway,
    );
    return true;
  }

  close(): void {
    this.socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) break;
      const [type = 0, frameFlags = 0] = this.#rest.subarray(3, 5);
      const stream = this.#rest.readUInt32BE(5);
      this.frames.push({ type, flags: frameFlags, stream, payload: this.#rest.subarray(9, 9 + length) });
      this.#rest = this.#rest.subarray(9 + length);
    }
    this.#wake();
  }
}
