// One gRPC call over node:http2, with any bytes for its body: what the server does not read waits here.
import { type ClientHttp2Stream, connect } from 'node:http2';

export interface RawCall {
  readonly stream: ClientHttp2Stream;
  /** Resolves with grpc-status; -1: the stream ended without one. */
  readonly ended: Promise<number>;
  close(): void;
}

/** Opens a call on a connection of its own, in plain text. */
export function rawCall(port: number, path: string, headers: Readonly<Record<string, string>> = {}): RawCall {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => {});
  stream.resume();
  const ended = new Promise<number>((resolve) => {
    const take = (given: Readonly<Record<string, unknown>>): void => {
      if (given['grpc-status'] !== undefined) resolve(Number(given['grpc-status']));
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('close', () => resolve(-1));
  });
  return { stream, ended, close: () => session.destroy() };
}
