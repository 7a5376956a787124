// gRPC's reflection protocol, v1 and v1alpha: which services there are, and their definitions. It costs some hundred
// milliseconds to get ready, so that is done when somebody asks.
import { EventEmitter } from 'node:events';
import { type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js';
import { lazy } from '../../lib/memo.ts';
import type { XdsService } from '../transport/relay.ts';
import { callError, type OnFault } from './service.ts';

const versions = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'] as const;
const method = 'ServerReflectionInfo';
const pass = (bytes: Buffer): Buffer => bytes;

type Raw = ServerDuplexStream<Buffer, Buffer>;

/** The reflection services. They list `services`, of which those that Envoy's definitions lack bring their own. */
export function reflectionServices(
  services: readonly string[],
  others: readonly XdsService[],
  onFault: OnFault,
): readonly XdsService[] {
  const ready = lazy(async () => {
    const { loadReflection } = await import('./load-reflection.ts');
    return loadReflection([...services, ...versions], others);
  });
  return versions.map((name) => {
    const definition: ServiceDefinition = {
      [method]: {
        path: `/${name}/${method}`,
        requestStream: true,
        responseStream: true,
        requestSerialize: pass,
        requestDeserialize: pass,
        responseSerialize: pass,
        responseDeserialize: pass,
      },
    };
    const open = async (call: Raw): Promise<void> => {
      call.on('error', () => {});
      try {
        serve(call, (await ready()).get(name));
      } catch (error) {
        call.emit('error', callError(error, onFault));
      }
    };
    return { definition, implementation: { [method]: open } };
  });
}

/** What the package makes of its stream: it listens to messages and writes messages. */
class Messages extends EventEmitter {
  readonly write: (message: object) => void;
  readonly end: () => void;

  constructor(write: (message: object) => void, end: () => void) {
    super();
    this.write = write;
    this.end = end;
  }
}

function serve(call: Raw, service: XdsService | undefined): void {
  const { [method]: handler } = service?.implementation ?? {};
  const { [method]: definition } = service?.definition ?? {};
  if (handler === undefined || definition === undefined) throw new Error('the package lacks a version of reflection');
  const messages = new Messages(
    (message) => {
      // A client that does not read is not read from.
      if (!call.write(definition.responseSerialize(message))) call.pause();
    },
    () => call.end(),
  );
  (handler as unknown as (stream: Messages) => void)(messages);
  call.on('data', (bytes: Buffer) => {
    try {
      messages.emit('data', definition.requestDeserialize(bytes));
    } catch {
      call.emit('error', { code: status.INVALID_ARGUMENT, details: 'the request is not a reflection request' });
    }
  });
  call.on('drain', () => call.resume());
  call.on('end', () => messages.emit('end'));
}
