// gRPC's health protocol (grpc.health.v1.Health): for probes and for clients that choose between replicas.
import { HealthImplementation } from 'grpc-health-check';
import type { XdsService } from '../transport/relay.ts';
import { collected } from './collected.ts';

export interface Health {
  readonly service: XdsService;
  /** For the server as a whole (the empty name) and for every service. */
  setServing(serving: boolean): void;
}

/** The service; NOT_SERVING to begin with. `services` are the full names that may be asked for. */
export function healthService(services: readonly string[]): Health {
  const names = ['', ...services];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'NOT_SERVING'] as const)));
  const [service] = collected((server) => health.addToServer(server));
  if (service === undefined) throw new Error('grpc-health-check has no service');
  return {
    service,
    setServing: (serving) => {
      for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },
  };
}
