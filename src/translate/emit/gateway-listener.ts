// The listeners of gateways: envoy.config.listener.v3.Listener.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import { coversHost } from '../../model/gateway.ts';
import { blackHoleCluster } from '../../model/names.ts';
import { at } from '../../model/origin.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { type ConnectionEntry, type ConnectionMatch, routesFor } from '../../model/route.ts';
import { type ConnectionChains, emitConnections } from './connection-routes.ts';
import { guardedConnection } from './filters/authorization.ts';
import { type GatewayListener, type PlacedServer, serverFor } from './gateway-plan.ts';
import { routeNameOf } from './gateway-routes.ts';
import { emitDownstreamTls, endedTls } from './gateway-tls.ts';
import { gatewayHttp } from './http-connection-manager.ts';
import { tlsInspector } from './inspectors.ts';
import { socketAddress } from './listener.ts';
import { listenerName } from './plan-listeners.ts';
import { configPath, objectsMetadata } from './provenance.ts';
import { planAtGateway, type RouteSource } from './route-plan.ts';
import { tcpProxy } from './tcp-proxy.ts';

const connectTimeout: JsonObject = { transport_socket_connect_timeout: '15s' };

/** Envoy has no name for all servers: what speaks TLS at all is that. */
function byServerName(hosts: readonly string[]): JsonObject {
  return { filter_chain_match: hosts.includes('*') ? { transport_protocol: 'tls' } : { server_names: hosts } };
}

function provenance({ server: { name, origin } }: PlacedServer): JsonObject {
  const istio = { config: configPath(origin.object) };
  return { ...(name !== null && { name }), metadata: { filter_metadata: { istio, ...objectsMetadata([origin]) } } };
}

/** Takes the connections for a server's hosts, so that no other server does, and closes them. */
function closedChain(placed: PlacedServer): JsonObject {
  return { ...byServerName(placed.hosts), ...provenance(placed), filters: [tcpProxy(blackHoleCluster, null)] };
}

/** What rules say of a server's connections, each once. */
function entriesOf(
  { routes }: PlacedServer,
  kind: 'tcp' | 'tls',
  { namespace }: ProxyGroup,
): readonly ConnectionEntry[] {
  const all = [...routes.values()].flatMap((choice) => routesFor(choice, namespace)?.connections ?? []);
  const ofKind = all.filter(({ route }) => route.kind === kind);
  return [...new Map(ofKind.map((each) => [each.match, each] as const)).values()];
}

/** A rule may name servers that another server of the listener answers for. */
function ownNames(
  { serverNames }: ConnectionMatch,
  listener: GatewayListener,
  placed: PlacedServer,
): readonly string[] {
  const shared = serverNames.flatMap((name) => {
    const hosts = [...placed.routes.keys()];
    return hosts.some((host) => coversHost(host, name)) ? [name] : hosts.filter((host) => coversHost(name, host));
  });
  return [...new Set(shared)].filter((name) => serverFor(listener, name) === placed);
}

/** Entries as the server's chains take them: by the names that clients ask for. */
function namedEntries(listener: GatewayListener, placed: PlacedServer, group: ProxyGroup): readonly ConnectionEntry[] {
  const passed = placed.server.tls?.kind === 'passthrough';
  return entriesOf(placed, passed ? 'tls' : 'tcp', group).flatMap(({ route, match }) => {
    const serverNames = passed ? ownNames(match, listener, placed) : placed.hosts;
    return serverNames.length === 0 ? [] : [{ route, match: { ...match, serverNames } }];
  });
}

interface Chains {
  readonly chains: readonly JsonObject[];
  readonly fallback: JsonObject | null;
  readonly diagnostics: readonly Diagnostic[];
}

function unled({ server }: PlacedServer, kind: 'tcp' | 'tls'): Diagnostic {
  const message = `no VirtualService that names this Gateway has ${kind} routes for its hosts, so connections are closed`;
  return diagnose('SLC0231', at(server.origin, 'hosts'), message);
}

function connectionsOf(
  entries: readonly ConnectionEntry[],
  placed: PlacedServer,
  source: RouteSource,
  group: ProxyGroup,
) {
  const plan = planAtGateway(source, entries, placed.server.port, group);
  return plan === null ? null : emitConnections(plan, placed.server.port);
}

/** A chain of connections behind those filters that say who may pass. */
function guarded(chain: JsonObject, { authorization }: ProxyGroup): JsonObject {
  const filters = chain['filters'] as JsonObject[];
  return { ...chain, filters: filters.flatMap((filter) => guardedConnection(authorization, filter)) };
}

/** What of a server's connections goes on as bytes. */
function passedChains(
  listener: GatewayListener,
  placed: PlacedServer,
  socket: JsonObject,
  source: RouteSource,
  group: ProxyGroup,
): Chains {
  const made: ConnectionChains | null = connectionsOf(namedEntries(listener, placed, group), placed, source, group);
  const kind = placed.server.tls?.kind === 'passthrough' ? 'tls' : 'tcp';
  if (made === null) return { chains: [closedChain(placed)], fallback: null, diagnostics: [unled(placed, kind)] };
  return {
    chains: made.chains.map((chain) => ({ ...guarded(chain, group), ...socket })),
    fallback: null,
    diagnostics: [],
  };
}

function withoutCertificates({ server: { tls } }: PlacedServer): readonly Diagnostic[] {
  if (tls?.kind !== 'mesh') return [];
  const message =
    'gateways with MESH_CERTIFICATES NONE have no certificates of the mesh, so they close these connections';
  return [diagnose('SLC0241', tls.origin, message)];
}

/** A server that TLS clients ask for by its name. */
function serverChains(listener: GatewayListener, placed: PlacedServer, source: RouteSource, group: ProxyGroup): Chains {
  const { server } = placed;
  const certificates = group.certificates.server;
  if (server.tls?.kind === 'passthrough') return passedChains(listener, placed, {}, source, group);
  const tls = endedTls(server, certificates);
  if (tls === null) return { chains: [closedChain(placed)], fallback: null, diagnostics: withoutCertificates(placed) };
  const socket = { transport_socket: emitDownstreamTls(tls, server, group) };
  if (server.protocol === 'tcp') return passedChains(listener, placed, socket, source, group);
  const name = listenerName(listener.bind, listener.port);
  const filters = [gatewayHttp(name, routeNameOf(listener, placed), group)];
  const chain = { ...byServerName(placed.hosts), ...provenance(placed), filters, ...socket, ...connectTimeout };
  return { chains: [chain], fallback: null, diagnostics: [] };
}

const makers: {
  readonly [K in GatewayListener['kind']]: (
    listener: GatewayListener,
    placed: PlacedServer,
    source: RouteSource,
    group: ProxyGroup,
  ) => Chains;
} = {
  http: (listener, placed, _, group) => {
    const name = listenerName(listener.bind, listener.port);
    const filters = [gatewayHttp(name, routeNameOf(listener, placed), group)];
    return { chains: [{ filters, ...connectTimeout }], fallback: null, diagnostics: [] };
  },
  tcp: (_, placed, source, group) => {
    const made = connectionsOf(entriesOf(placed, 'tcp', group), placed, source, group);
    if (made === null) return { chains: [], fallback: null, diagnostics: [unled(placed, 'tcp')] };
    const chains = made.chains.map((chain) => guarded(chain, group));
    return { chains, fallback: made.fallback && guarded(made.fallback, group), diagnostics: [] };
  },
  tls: serverChains,
};

/** Null where nothing leads anywhere. */
export function emitGatewayListener(
  listener: GatewayListener,
  source: RouteSource,
  group: ProxyGroup,
): { readonly listener: XdsResource | null; readonly diagnostics: readonly Diagnostic[] } {
  const { kind, bind, port, bound, servers } = listener;
  // In the clear all servers share one chain.
  const made = (kind === 'tls' ? servers : servers.slice(0, 1)).map((each) =>
    makers[kind](listener, each, source, group),
  );
  const chains = made.flatMap((each) => each.chains);
  const fallback = made.find((each) => each.fallback !== null)?.fallback ?? null;
  const diagnostics = made.flatMap((each) => each.diagnostics);
  if (chains.length === 0 && fallback === null) return { listener: null, diagnostics };
  const name = listenerName(bind, port);
  const json = {
    name,
    address: socketAddress(bind, bound),
    traffic_direction: 'OUTBOUND',
    ...(kind === 'tls' && { listener_filters: [tlsInspector] }),
    filter_chains: chains,
    ...(fallback !== null && { default_filter_chain: fallback }),
  };
  const origins = servers.map(({ server }) => server.origin);
  return { listener: resource('listener', name, json, origins), diagnostics };
}
