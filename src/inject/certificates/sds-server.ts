// Gives Envoy its certificates over a Unix socket (SDS), so that a key never stands in a file or goes over a network.
import { chmod, rm } from 'node:fs/promises';
import {
  type handleBidiStreamingCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import { messageType } from '../../envoy/descriptors.ts';
import { deltaStream, fullStream, type SdsStream } from './sds-stream.ts';
import type { Secret } from './secrets.ts';

export interface SdsServerOptions {
  /** Of the socket, at most 107 bytes. Whoever may open it gets the key: its folder should be open to Envoy alone. */
  readonly path: string;
  /** Told when Envoy does not take what it was sent, in Envoy's words, without what it quotes. */
  readonly onRefused: (message: string) => void;
}

export interface SdsServer {
  /** Puts other secrets in force. */
  publish(secrets: ReadonlyMap<string, Secret>): void;
  close(): Promise<void>;
}

const service = 'envoy.service.secret.v3.SecretDiscoveryService';
const discovery = 'envoy.service.discovery.v3';

/** So many bytes may one request have. */
const longestRequest = 64 << 10;
/** In characters: what is told of a refusal. */
const longestMessage = 300;

/** Starts to serve; what asks before the first secrets are there waits. A socket that is left of an earlier process is replaced. */
export async function startSdsServer({ path, onRefused }: SdsServerOptions): Promise<SdsServer> {
  let secrets: ReadonlyMap<string, Secret> = new Map();
  const pushes = new Set<() => void>();
  const serve =
    <R extends Refusable>(open: () => SdsStream<R>): handleBidiStreamingCall<R, object> =>
    (call) => {
      const stream = open();
      const push = (): void => send(call, stream.change(secrets));
      pushes.add(push);
      call.on('data', (request: R) => {
        if (request.error_detail !== null) onRefused(withoutSecrets(request.error_detail.message));
        send(call, stream.request(request, secrets));
      });
      for (const event of ['close', 'cancelled', 'error', 'end']) call.on(event, () => pushes.delete(push));
      call.on('end', () => call.end());
    };
  const server = new Server({ 'grpc.max_receive_message_length': longestRequest });
  server.addService(definition, {
    StreamSecrets: serve(fullStream),
    DeltaSecrets: serve(deltaStream),
    FetchSecrets: (_: unknown, callback: (error: object) => void) =>
      callback({ code: status.UNIMPLEMENTED, details: 'secrets are streamed' }),
  });
  await listen(server, path);
  return {
    publish: (next) => {
      secrets = next;
      for (const push of pushes) push();
    },
    close: async () => {
      server.forceShutdown();
      await rm(path, { force: true });
    },
  };
}

interface Refusable {
  readonly error_detail: { readonly message: string } | null;
}

/** Envoy may quote in its message the whole response, with the key in it: what it quotes is left out. */
function withoutSecrets(message: string): string {
  const [words = ''] = message.split(/-----BEGIN|\bresources\s*\{|\bvalue:|debugstr/, 1);
  return words.trim().slice(0, longestMessage);
}

function send<R>(call: ServerDuplexStream<R, object>, response: object | null): void {
  if (response !== null && !call.cancelled) call.write(response);
}

async function listen(server: Server, path: string): Promise<void> {
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  await chmod(path, 0o600);
}

function method(name: string, request: string, response: string, streams: boolean): ServiceDefinition[string] {
  const [asked, answered] = [`${discovery}.${request}`, `${discovery}.${response}`];
  return {
    path: `/${service}/${name}`,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: (message: object) => Buffer.from(messageType(asked).encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => messageType(asked).decode(bytes),
    responseSerialize: (message: object) => Buffer.from(messageType(answered).encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => messageType(answered).decode(bytes),
  };
}

const definition: ServiceDefinition = {
  StreamSecrets: method('StreamSecrets', 'DiscoveryRequest', 'DiscoveryResponse', true),
  DeltaSecrets: method('DeltaSecrets', 'DeltaDiscoveryRequest', 'DeltaDiscoveryResponse', true),
  FetchSecrets: method('FetchSecrets', 'DiscoveryRequest', 'DiscoveryResponse', false),
};
