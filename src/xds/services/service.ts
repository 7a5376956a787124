// gRPC services beside ADS: their definitions come from Envoy's descriptors.
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { serviceType } from '../../envoy/descriptors.ts';
import type { WorkloadIdentity } from '../../model/identity.ts';
import type { Caller, XdsService } from '../transport/relay.ts';

/** Who calls a method, from the metadata of the call; null only when the call is over. */
export type CallerOf = (metadata: Metadata) => Caller | null;

/** The identity of a caller; null on plain text. Throws CallRefusal when the call is over. */
export function identityOf(callerOf: CallerOf, { metadata }: { readonly metadata: Metadata }): WorkloadIdentity | null {
  const caller = callerOf(metadata);
  if (caller === null) throw new CallRefusal(status.CANCELLED, 'the call is over');
  return caller.identity;
}

type Handler<Request> =
  | handleUnaryCall<Request, object>
  | handleServerStreamingCall<Request, object>
  | handleBidiStreamingCall<Request, object>;

/** Why a call cannot be served; the client is told so. */
export class CallRefusal extends Error {
  readonly code: status;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
  }
}

/** What ends a call that failed: a refusal as it is, anything else is a fault of ours that says nothing of itself. */
export function callError(error: unknown, onFault: OnFault): { readonly code: status; readonly details: string } {
  if (error instanceof CallRefusal) return { code: error.code, details: error.message };
  onFault(error);
  return { code: status.INTERNAL, details: 'internal error' };
}

/** Told of faults of ours. */
export type OnFault = (error: unknown) => void;

/**
 * The service of a full name such as `envoy.service.status.v3.ClientStatusDiscoveryService`. Responses are plain objects
 * with the fields' own names (snake_case; lowerCamelCase inside google.protobuf, whose types are protobufjs' own), enums
 * and 64-bit numbers as numbers.
 * `read` takes a request's bytes; what it throws ends the call with INTERNAL.
 */
export function grpcService<Request>(
  name: string,
  read: (bytes: Uint8Array) => Request,
  handlers: Readonly<Record<string, Handler<Request>>>,
): XdsService {
  const methods = serviceType(name).methodsArray.map((method) => {
    method.resolve();
    const { resolvedResponseType: response } = method;
    if (response === null) throw new Error(`the response of ${name}/${method.name} is of no known type`);
    const definition = {
      path: `/${name}/${method.name}`,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
      requestSerialize: (bytes: Buffer): Buffer => bytes,
      requestDeserialize: (bytes: Buffer): Request => read(bytes),
      responseSerialize: (message: object): Buffer => Buffer.from(response.encode(message).finish()),
      responseDeserialize: (bytes: Buffer): object => response.decode(bytes),
    };
    return [method.name, definition] as const;
  });
  return { definition: Object.fromEntries(methods), implementation: { ...handlers } as UntypedServiceImplementation };
}

/** The full name of a service. */
export function serviceName({ definition }: Pick<XdsService, 'definition'>): string {
  return Object.values(definition)[0]?.path.split('/')[1] ?? '';
}
