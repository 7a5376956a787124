// Small resources for the tests of src/xds: a name, and a number that stands for the content. What names clusters says so:
// `r=x:a,y:b` is a route configuration whose virtual host x goes to the cluster a, and y to b (503: an answer of its own);
// `l=tcp:a` is a listener that goes to a, and `l=1#81` one at the port 81.
import {
  encodedPart,
  type ResourceTable,
  resource,
  routeConfiguration,
  withTtl,
  type XdsResource,
} from '../../src/envoy/resource.ts';
import { type ResourceKind, resourceKinds } from '../../src/envoy/types.ts';
import { isObject, type JsonObject } from '../../src/lib/json.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';

const routerFilter = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

const tcp = (cluster: string): JsonObject => ({
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    stat_prefix: 'tcp',
    cluster,
  },
});

const http = (name: string): JsonObject => ({
  name: 'envoy.filters.network.http_connection_manager',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'http',
    rds: { config_source: { ads: {} }, route_config_name: name },
    http_filters: [routerFilter],
  },
});

/** `x:a`: the host x goes to the cluster a. The first host is everyone's. */
function host(text: string, index: number): JsonObject {
  const [name = '', cluster = ''] = text.split(':');
  const action = cluster === '503' ? { direct_response: { status: 503 } } : { route: { cluster } };
  return { name, domains: [index === 0 ? '*' : name], routes: [{ match: { prefix: '/' }, ...action }] };
}

/** The content as Envoy takes it. A listener names the route configuration of its own name. */
const contents: { readonly [K in ResourceKind]: (name: string, content: number | string) => JsonObject } = {
  cluster: (name, content) => ({
    name,
    type: 'EDS',
    connect_timeout: `${content}s`,
    eds_cluster_config: { eds_config: { ads: {} } },
  }),
  endpoint: (name, content) => ({
    cluster_name: name,
    endpoints: [
      {
        lb_endpoints: [
          { endpoint: { address: { socket_address: { address: '127.0.0.11', port_value: 9000 + Number(content) } } } },
        ],
      },
    ],
  }),
  listener: (name, content) => ({
    name,
    stat_prefix: `${content}`,
    address: { socket_address: { address: '127.0.0.1', port_value: Number(`${content}`.split('#')[1] ?? 0) } },
    filter_chains: [
      {
        filters: [String(content).startsWith('tcp:') ? tcp(String(content).slice(4).split(',')[0] ?? '') : http(name)],
      },
    ],
  }),
  route: (name, content) => ({
    name,
    virtual_hosts: String(content).includes(':')
      ? String(content).split(',').map(host)
      : [
          {
            name: `host-${content}`,
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, direct_response: { status: 200 + Number(content) } }],
          },
        ],
  }),
};

/** A resource of its own. */
export function make(kind: ResourceKind, name: string, content: number | string): XdsResource {
  const json = contents[kind](name, content);
  if (kind !== 'route') return resource(kind, name, json, []);
  const hosts = json['virtual_hosts'];
  const list = Array.isArray(hosts) ? hosts.filter(isObject) : [];
  const type = 'envoy.config.route.v3.VirtualHost';
  return routeConfiguration(
    name,
    {},
    list.map((one) => encodedPart(type, String(one['name']), one, [])),
  );
}

const known = new Map<string, XdsResource>();

/** Equal resources are one object, as translation has it. */
export function shared(kind: ResourceKind, name: string, content: number | string): XdsResource {
  const key = `${kind} ${name} ${content}`;
  const resource = known.get(key) ?? make(kind, name, content);
  known.set(key, resource);
  return resource;
}

function timed(kind: ResourceKind, name: string, content: string, seconds: number): XdsResource {
  const key = `${kind} ${name} ${content} ${seconds}`;
  const resource = known.get(key) ?? withTtl(shared(kind, name, content), seconds);
  known.set(key, resource);
  return resource;
}

/** A table from a text such as `a=1 b=2`; `a=1~4`: for four seconds. */
function table(kind: ResourceKind, text: string): ResourceTable {
  const entries = text.split(' ').filter((entry) => entry !== '');
  return new Map(
    entries.map((entry) => {
      const [name = '', content = ''] = entry.split('=');
      const [plain = '', ttl] = content.split('~');
      return [name, ttl === undefined ? shared(kind, name, plain) : timed(kind, name, plain, Number(ttl))];
    }),
  );
}

export type Texts = { readonly [K in ResourceKind]?: string };

/** `before` with the tables that `texts` gives. */
export function snapshot(texts: Texts, before: Snapshot | null = null): Snapshot {
  const tableOf = (kind: ResourceKind): ResourceTable => {
    const text = texts[kind];
    return text === undefined ? (before?.[kind] ?? new Map()) : table(kind, text);
  };
  const [cluster, endpoint, listener, route] = resourceKinds.map(tableOf);
  if (!cluster || !endpoint || !listener || !route) throw new Error('a kind is missing');
  return { cluster, endpoint, listener, route };
}

function dig(json: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], json);
}

const hostLabel = (host: unknown): string => {
  const route = dig(host, 'routes', 0);
  return `${dig(host, 'name')}:${dig(route, 'route', 'cluster') ?? dig(route, 'direct_response', 'status')}`;
};

const numbers: { readonly [K in ResourceKind]: (json: unknown) => unknown } = {
  // A duration is a text where it is written, and an object where it was decoded.
  cluster: (json) =>
    dig(json, 'connect_timeout', 'seconds') ?? Number.parseInt(String(dig(json, 'connect_timeout')), 10),
  endpoint: (json) => {
    const path = ['endpoints', 0, 'lb_endpoints', 0, 'endpoint', 'address', 'socket_address', 'port_value'];
    const port = dig(json, ...path);
    return port === undefined ? 'none' : Number(port) - 9000;
  },
  listener: (json) => dig(json, 'stat_prefix'),
  route: (json) => {
    const hosts = dig(json, 'virtual_hosts') as readonly unknown[];
    const first = String(dig(hosts, 0, 'name'));
    return first.startsWith('host-') ? first.slice(5) : hosts.map(hostLabel).join();
  },
};

/** `a=1` of a resource, from its JSON with snake_case names. */
export function label(kind: ResourceKind, json: unknown): string {
  return `${dig(json, 'name') ?? dig(json, 'cluster_name')}=${numbers[kind](json)}`;
}
