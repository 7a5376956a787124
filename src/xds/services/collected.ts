// Packages that bring a gRPC service want to add it to a server themselves; here it is only collected.
import type { Server } from '@grpc/grpc-js';
import type { XdsService } from '../transport/relay.ts';

/** The services that `add` adds to the server which it is given. */
export function collected(add: (server: Server) => void): readonly XdsService[] {
  const services: XdsService[] = [];
  const server: Pick<Server, 'addService'> = {
    addService: (definition, implementation) => services.push({ definition, implementation }),
  };
  add(server as Server);
  return services;
}
