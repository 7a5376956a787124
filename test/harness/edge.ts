// A gateway in front of services, and a client from outside that calls it over plain connections and TLS.
import { once } from 'node:events';
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Files } from './mesh.ts';
import { backendPort } from './shop.ts';

export const edgeLabels = { istio: 'edge' };

const networking = (kind: string, name: string, spec: JsonObject): string =>
  stringify({ apiVersion: 'networking.istio.io/v1', kind, metadata: { name }, spec });

/** A Gateway with these servers. */
export function edgeYaml(servers: readonly JsonObject[]): string {
  return networking('Gateway', 'edge', { selector: edgeLabels, servers });
}

/** Rules that name it. */
export function edgeRule(name: string, hosts: readonly string[], routes: JsonObject): string {
  return networking('VirtualService', name, { hosts, gateways: ['edge'], ...routes });
}

/** A service with one endpoint; the port's name says what it speaks. */
export function oneService(name: string, address: string, portName = 'http', number = 80): Files {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name } };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: portName, port: backendPort }],
    endpoints: [{ addresses: [address] }],
  };
  return {
    [`${name}.yaml`]: stringify({ ...service, spec: { ports: [{ name: portName, port: number }] } }),
    [`${name}-endpoints.yaml`]: stringify(slice),
  };
}

export interface EdgeAnswer {
  readonly status: number;
  readonly body: string;
  readonly location: string | undefined;
}

/** One request on a connection of its own. With TLS the host is the server name as well; rejects where there is no answer. */
export async function callEdge(
  at: { readonly address: string; readonly port: number },
  host: string,
  path = '/',
  tls?: Pick<RequestOptions, 'ca' | 'cert' | 'key'>,
): Promise<EdgeAnswer> {
  const options = { host: at.address, port: at.port, path, headers: { host }, agent: false };
  const call = tls === undefined ? plainRequest(options) : request({ ...options, ...tls, servername: host });
  const response = once(call, 'response');
  call.end();
  const [answer] = (await response) as [import('node:http').IncomingMessage];
  const body = (await text(answer)).trim();
  return { status: answer.statusCode ?? 0, body, location: answer.headers.location };
}

/** What a server sends first to one who connects. */
export async function firstWords(at: { readonly address: string; readonly port: number }): Promise<string> {
  const socket = connect(at.port, at.address);
  try {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString().trim();
  } finally {
    socket.destroy();
  }
}
