// What there is to call in a mesh, and where an uncaptured sidecar listens for it.
import type { Endpoint } from '../../model/endpoint.ts';
import type { Mesh } from '../../model/mesh.ts';
import { defaultNamespace, outboundCluster } from '../../model/names.ts';
import type { ObjectId } from '../../model/object.ts';
import { anyClientIn, policyFor } from '../../model/policy.ts';
import { defaultPortPolicy, type PortPolicy } from '../../model/port-policy.ts';
import { routesFor } from '../../model/route.ts';
import { hasShortNames, isProxied, type Protocol, type Service, type ServicePort } from '../../model/service.ts';
import { type Backend, backendName, type Speech } from './backends.ts';
import { type Client, HttpClient, TcpClient } from './traffic.ts';

/** One service port with endpoints. */
export interface Target {
  readonly service: Service;
  readonly port: ServicePort;
  /** Where Envoy takes requests for it. */
  readonly listens: { readonly address: string; readonly port: number };
  readonly cluster: string;
  /** Those that are ready. */
  readonly backends: readonly Backend[];
  /** What the rules say of the port to a client in the namespace `default`. */
  readonly policy: PortPolicy;
  /** The rules for the service, oldest first. */
  readonly rules: readonly ObjectId[];
  /** Whether a VirtualService decides first where its requests go. */
  readonly routed: boolean;
}

/** Ports below this need privileges, so an uncaptured sidecar adds its offset to them. */
const firstFreePort = 1024;

/** The address an uncaptured sidecar listens on. */
export const listenAddress = '127.0.0.1';

/** The port that an uncaptured sidecar with this offset binds for a service port. */
export function boundPort(port: number, offset: number): number {
  return port < firstFreePort ? port + offset : port;
}

const speeches: { readonly [P in Protocol]: Speech } = {
  http: 'http',
  auto: 'http',
  http2: 'http2',
  grpc: 'http2',
  tcp: 'tcp',
  tls: 'tcp',
  udp: 'tcp',
};

/** All service ports that can be called, in the order of their hosts. */
export function targets(mesh: Mesh, portOffset: number): readonly Target[] {
  return [...mesh.services.values()]
    .filter(({ resolution }) => resolution.kind === 'eds')
    .flatMap((service) => service.ports.map((port) => target(mesh, portOffset, service, port)))
    .filter(({ service, port, backends }) => isCallable(service, port) && backends.length > 0);
}

/** The clients here speak no TLS, so they cannot name the server that they want. */
const isCallable = (service: Service, { protocol }: ServicePort): boolean =>
  isProxied(protocol) && (protocol !== 'tls' || hasShortNames(service));

function target(mesh: Mesh, portOffset: number, service: Service, port: ServicePort): Target {
  const policy = policyFor(mesh.policies.get(service.host), anyClientIn(defaultNamespace));
  const endpoints = mesh.endpoints.get(service.host)?.get(port.name) ?? [];
  return {
    service,
    port,
    listens: { address: listenAddress, port: boundPort(port.number, portOffset) },
    cluster: outboundCluster(port.number, '', service.host),
    backends: endpoints.filter(isServed).map((endpoint) => backend(endpoint, port.protocol)),
    policy: policy?.ports.get(port.number) ?? defaultPortPolicy,
    rules: policy?.rules ?? [],
    routed: routesFor(mesh.routes.get(service.host), defaultNamespace) !== null,
  };
}

/** Nobody here serves a socket that others may have. */
const isServed = ({ healthy, address }: Endpoint): boolean => healthy && !address.startsWith('/');

function backend({ address, port }: Endpoint, protocol: Protocol): Backend {
  return { address, port, speech: speeches[protocol] };
}

/** `my-service:80`, for people. */
export function targetName({ service, port }: Target): string {
  return `${service.name}:${port.number}`;
}

/** The names by which a target's backends answer, in a stable order. */
export function backendNames({ backends }: Target): readonly string[] {
  return backends.map(backendName);
}

/** Whether its listener speaks HTTP. */
export function speaksHttp({ backends }: Target): boolean {
  return backends.every(({ speech }) => speech !== 'tcp');
}

/** A client that calls the target as another program would: through Envoy's listener, by the name of the service. */
export function clientFor(target: Target, from?: string): Client {
  const { address, port } = target.listens;
  const options = { address, port, ...(from === undefined ? {} : { from }) };
  return speaksHttp(target) ? new HttpClient({ ...options, host: target.service.name }) : new TcpClient(options);
}
