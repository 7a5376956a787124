// Route configurations: which cluster a request goes to, and what of it is hashed.
import { type EncodedPart, encodedPart, routeConfiguration, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { clusterDomain, passthroughCluster } from '../../model/names.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import type { Service } from '../../model/service.ts';
import { emitHashPolicy } from './lb-policy.ts';
import type { CalledPort } from './plan-listeners.ts';
import { placesMetadata } from './provenance.ts';

const virtualHostType = 'envoy.config.route.v3.VirtualHost';

/** Istio's default; a host that was tried is not tried again. */
const retryPolicy: JsonObject = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  num_retries: 2,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
  host_selection_retry_max_attempts: 5,
};

/**
 * Requests end when their two ends say so, not by the clock; a gRPC client's own deadline holds as it is. (Istio says the
 * same with max_grpc_timeout, which Envoy warns of and is about to remove.)
 */
const noTimeouts: JsonObject = { timeout: '0s', max_stream_duration: { grpc_timeout_header_max: '0s' } };

const inBrackets = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** The names of a service that leave parts of its host out; `near`: as clients in its own namespace call it. */
export function shortNames(service: Service, near: boolean): readonly string[] {
  const { name, namespace } = service;
  if (!isOfCluster(service)) return [];
  return [[name, namespace, 'svc'].join('.'), [name, namespace].join('.'), ...(near ? [name] : [])];
}

const isOfCluster = ({ host }: Service): boolean => host.endsWith(`.svc.${clusterDomain}`);

/** The names by which clients of all namespaces may call a service. */
const namesOf = memo((service: Service): readonly string[] =>
  [service.host, [service.host, ''].join('.')].concat(shortNames(service, false)),
);

/** All names by which clients may call a service; `near`: those in its own namespace. */
function domainsOf(service: Service, near: boolean): readonly string[] {
  const names = near && isOfCluster(service) ? [...namesOf(service), service.name] : namesOf(service);
  const headless = service.resolution.kind === 'passthrough' ? names.map((each) => `*.${each}`) : [];
  return [...names, ...headless, ...service.addresses.map(inBrackets)];
}

function defaultRoute({ service, port, cluster }: CalledPort): JsonObject {
  const { hash, origin } = cluster.policy;
  const origins = [port.origin, ...(hash !== null && origin !== null ? [origin] : [])];
  return {
    name: 'default',
    match: { prefix: '/' },
    decorator: { operation: `${service.host}:${port.number}/*` },
    metadata: { filter_metadata: placesMetadata(origins) },
    route: {
      cluster: cluster.name,
      ...noTimeouts,
      retry_policy: retryPolicy,
      ...(hash !== null && { hash_policy: [emitHashPolicy(hash)] }),
    },
  };
}

/** `domains` is a list joined by spaces, so that equal lists are one key. */
const lastHost = memo((_called: CalledPort, _domains: string): { host: WeakRef<EncodedPart> | null } => ({
  host: null,
}));

/** One service port as a virtual host: one and the same for as long as a route configuration has it. */
function emitVirtualHost(called: CalledPort, domains: string): EncodedPart {
  const last = lastHost(called, domains);
  const known = last.host?.deref();
  if (known !== undefined) return known;
  const host = virtualHost(called, domains);
  last.host = new WeakRef(host);
  return host;
}

function virtualHost(called: CalledPort, domains: string): EncodedPart {
  const { service, port, cluster } = called;
  const name = `${service.host}:${port.number}`;
  const json = () => ({
    name,
    domains: domains.split(' '),
    routes: [defaultRoute(called)],
    include_request_attempt_count: true,
  });
  const { origin } = cluster.policy;
  return encodedPart(virtualHostType, name, json, [service.origin].concat(origin ?? []));
}

function catchAll(name: string, action: JsonObject): EncodedPart {
  const routes = [{ name, match: { prefix: '/' }, ...action }];
  return encodedPart(virtualHostType, name, { name, domains: ['*'], routes, include_request_attempt_count: true }, []);
}

/** Requests for hosts that no service has: to wherever they were going. */
const allowAny = catchAll('allow_any', { route: { cluster: passthroughCluster, ...noTimeouts } });

/** Without capture nobody knows where they were going. */
const blockAll = catchAll('block_all', {
  direct_response: { status: 502, body: { inline_string: 'no service of the mesh has this host\n' } },
});

const shell: JsonObject = {
  validate_clusters: false,
  ignore_port_in_host_matching: true,
  max_direct_response_body_size_bytes: 1048576,
};

/** The route configuration of a port whose protocol is detected: only one service can be meant. */
export const emitSniffedRoutes = memo(
  (name: string, called: CalledPort): XdsResource => routeConfiguration(name, shell, [emitVirtualHost(called, '*')]),
);

/** Other names for services: the names of ExternalName Services, by the host that they stand for. */
export type Aliases = ReadonlyMap<string, readonly Service[]>;

/**
 * The route configuration that all HTTP services of a port share. Virtual hosts are sorted by host; of equal domains the
 * first wins, since Envoy refuses the whole configuration otherwise.
 */
export function emitSharedRoutes(
  port: number,
  called: readonly CalledPort[],
  aliases: Aliases,
  { namespace, interception }: ProxyGroup,
): XdsResource {
  const taken = new Set<string>();
  const hosts = called.flatMap((each) => {
    const names = [each.service, ...(aliases.get(each.service.host) ?? [])];
    const domains = names
      .flatMap((service) => domainsOf(service, service.namespace === namespace))
      .filter((domain) => !taken.has(domain));
    for (const domain of domains) taken.add(domain);
    return domains.length === 0 ? [] : [emitVirtualHost(each, [...new Set(domains)].join(' '))];
  });
  return routeConfiguration(String(port), shell, [...hosts, interception === 'NONE' ? blockAll : allowAny]);
}
