// gRPC servers on loopback addresses, each of which answers with its own name, and the YAML of their service.
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';

const port = 29090;
const pass = (bytes: Buffer): Buffer => bytes;
const service: ServiceDefinition = {
  Greet: {
    path: '/greeter.Greeter/Greet',
    requestStream: false,
    responseStream: false,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  },
};

export interface Greeters {
  /** Calls that were not a client's first try: a failure that its retries would hide. */
  retries(): number;
  close(): void;
}

/** By address, each under its address as its name. */
export async function startGreeters(addresses: readonly string[]): Promise<Greeters> {
  let retried = 0;
  const servers = addresses.map((address) => {
    const server = new Server();
    server.addService(service, {
      Greet: (
        call: { readonly metadata: { get(key: string): readonly unknown[] } },
        answer: (error: null, bytes: Buffer) => void,
      ) => {
        if (call.metadata.get('grpc-previous-rpc-attempts').length > 0) retried += 1;
        answer(null, Buffer.from(address));
      },
    });
    return { server, address };
  });
  await Promise.all(servers.map(({ server, address }) => bind(server, address)));
  return {
    retries: () => retried,
    close: () => {
      for (const { server } of servers) server.forceShutdown();
    },
  };
}

function bind(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${address}:${port}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}

export const greeterService = stringify({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'greeter' },
  spec: { ports: [{ name: 'grpc', port: 8080, targetPort: port }] },
});

/** The endpoints, each with its zone if it has one. */
export function greeterEndpoints(endpoints: readonly (readonly [address: string, zone?: string])[]): string {
  return stringify({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'greeter', labels: { 'kubernetes.io/service-name': 'greeter' } },
    addressType: 'IPv4',
    ports: [{ name: 'grpc', port }],
    endpoints: endpoints.map(([address, zone]) => ({ addresses: [address], ...(zone !== undefined && { zone }) })),
  });
}

export function greeterRule(loadBalancer: JsonObject): string {
  return stringify({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'greeter' },
    spec: { host: 'greeter', trafficPolicy: { loadBalancer } },
  });
}
