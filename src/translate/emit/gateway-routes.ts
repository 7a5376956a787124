// The route configurations of gateways: envoy.config.route.v3.RouteConfiguration.
import { type EncodedPart, encodedPart, routeConfiguration, type XdsResource } from '../../envoy/resource.ts';
import { internList } from '../../lib/intern.ts';
import { memo } from '../../lib/memo.ts';
import { sortedBy } from '../../lib/sorted.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { type HostRoutes, matchesAll, type RouteEntry, routesFor } from '../../model/route.ts';
import type { GatewayListener, PlacedServer } from './gateway-plan.ts';
import { emitHttpRoutes, routeOrigins } from './http-routes.ts';
import { shell, virtualHostType } from './route.ts';
import { planAtGateway, type RoutePlan, type RouteSource } from './route-plan.ts';

/** The name of the route configuration for requests in the clear, which all servers of a listener share. */
function plainRouteName({ port, servers }: GatewayListener): string {
  return ['http', port, ...(servers[0]?.server.bind ?? '').split(' ').filter(Boolean)].join('.');
}

/** The name of that for requests of one server within TLS. */
function encryptedRouteName({ gateway, server }: PlacedServer): string {
  const { port, portName, bind } = server;
  return ['https', port, portName, gateway.name, gateway.namespace, ...(bind === null ? [] : [bind])].join('.');
}

export function routeNameOf(listener: GatewayListener, server: PlacedServer): string {
  return listener.kind === 'http' ? plainRouteName(listener) : encryptedRouteName(server);
}

/** Routes for one host that come from several Gateways, each once; what takes every request comes last. */
const together = memo((all: readonly HostRoutes[]): readonly RouteEntry[] => {
  const [only, second] = all;
  if (only !== undefined && second === undefined) return only.entries;
  const entries = [...new Map(all.flatMap((each) => each.entries).map((each) => [each.match, each] as const)).values()];
  return [...entries.filter(({ match }) => !matchesAll(match)), ...entries.filter(({ match }) => matchesAll(match))];
});

const emitHost = memo((plan: RoutePlan | null, host: string, port: number, redirects: boolean): EncodedPart => {
  const name = `${host}:${port}`;
  const json = {
    name,
    domains: [host],
    routes: plan === null ? [] : emitHttpRoutes(plan, port),
    // To the same address by HTTPS, with 301.
    ...(redirects && { require_tls: 'ALL' }),
    include_request_attempt_count: true,
  };
  return encodedPart(virtualHostType, name, json, plan === null ? [] : routeOrigins(plan));
});

/** Where no rule speaks of any host: every request is answered with 404. */
const blackHole = memo((_type: object, port: number): EncodedPart => {
  const name = `blackhole:${port}`;
  return encodedPart(virtualHostType, name, { name, domains: ['*'], routes: [] }, []);
});
const blackHoles = {};

/** The hosts of some servers that something is to be said of. */
function hostsOf(servers: readonly PlacedServer[]): readonly string[] {
  const hosts = servers.flatMap(({ hosts, server, routes }) => [
    ...routes.keys(),
    ...(server.httpsRedirect ? hosts : []),
  ]);
  return sortedBy(new Set(hosts), (host) => host);
}

function virtualHosts(
  servers: readonly PlacedServer[],
  source: RouteSource,
  group: ProxyGroup,
): readonly EncodedPart[] {
  return hostsOf(servers).flatMap((host) => {
    const named = servers.filter((each) => each.routes.has(host) || each.hosts.includes(host));
    const routes = named.flatMap((each) => routesFor(each.routes.get(host), group.namespace) ?? []);
    const redirects = named.some(({ server }) => server.httpsRedirect);
    const port = named[0]?.server.port ?? 0;
    const plan = planAtGateway(source, together(internList(routes)), port, group);
    return plan === null && !redirects ? [] : [emitHost(plan, host, port, redirects)];
  });
}

/** The route configuration of servers that are called by one name. */
export function emitGatewayRoutes(
  name: string,
  servers: readonly PlacedServer[],
  source: RouteSource,
  group: ProxyGroup,
): XdsResource {
  const hosts = virtualHosts(servers, source, group);
  return routeConfiguration(
    name,
    shell,
    hosts.length > 0 ? hosts : [blackHole(blackHoles, servers[0]?.server.port ?? 0)],
  );
}
