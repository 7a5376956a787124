// Streams of the services beside ADS, so that they can be ended: a server waits for them before it closes.
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { XdsService } from '../transport/relay.ts';

type Call = ServerDuplexStream<unknown, unknown>;
type Handler = (call: Call, ...rest: readonly unknown[]) => void;

export interface OpenCalls {
  /** The services, with their streams remembered as long as they are open. */
  readonly services: readonly XdsService[];
  /** Ends all streams with UNAVAILABLE, so that clients try again elsewhere. */
  end(): void;
}

/** Remembers the open streams of services. */
export function openCalls(services: readonly XdsService[]): OpenCalls {
  const calls = new Set<Call>();
  const remembering =
    (handler: Handler): Handler =>
    (call, ...rest) => {
      calls.add(call);
      for (const event of ['close', 'cancelled', 'error', 'finish']) call.on(event, () => calls.delete(call));
      handler(call, ...rest);
    };
  return {
    services: services.map(({ definition, implementation }) => {
      const handlers = Object.entries(implementation).map(([name, handler]) => {
        const streams = Object.values(definition).some((method) => method.responseStream && isFor(method.path, name));
        return [name, streams ? remembering(handler as unknown as Handler) : handler] as const;
      });
      return { definition, implementation: Object.fromEntries(handlers) as XdsService['implementation'] };
    }),
    end: () => {
      for (const call of calls) {
        call.emit('error', { code: status.UNAVAILABLE, details: 'the control plane is stopping' });
      }
    },
  };
}

/** Handlers may be named as the method is, or with a small first letter. */
function isFor(path: string, name: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).toLowerCase() === name.toLowerCase();
}
