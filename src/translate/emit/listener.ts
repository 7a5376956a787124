// Outbound listeners: envoy.config.listener.v3.Listener for calls from a workload.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { Origin } from '../../model/origin.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import type { ConnectionChains } from './connection-routes.ts';
import { protoDuration } from './duration.ts';
import type { Elsewhere } from './elsewhere.ts';
import { outboundHttp } from './http-connection-manager.ts';
import { type ListenerPlan, listenerName, sharedBind } from './plan-listeners.ts';
import { objectsMetadata } from './provenance.ts';
import { tcpProxy } from './tcp-proxy.ts';

const inspector = 'envoy.filters.listener.http_inspector';

/** Finds out from the first bytes whether a connection speaks HTTP. */
export const httpInspector: JsonObject = {
  name: inspector,
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector' },
};

/** Finds out which server a TLS client asks for. */
const tlsInspector: JsonObject = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector' },
};

/** What a connection looks like that the inspector has found to be plain HTTP. */
export const plainHttp: JsonObject = { transport_protocol: 'raw_buffer', application_protocols: ['http/1.1', 'h2c'] };

export function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}

/** Connections that no service takes. */
function fallbackChain({ chain, cluster, policy }: Elsewhere): JsonObject {
  return { name: chain, filters: [tcpProxy(cluster, policy)] };
}

function tcpChain({ tcp }: ListenerPlan): JsonObject | null {
  if (tcp === null) return null;
  const metadata = { filter_metadata: objectsMetadata([tcp.service.origin]) };
  return {
    metadata,
    filters: [tcpProxy(tcp.cluster.name, tcp.cluster.policy)],
    transport_socket_connect_timeout: '15s',
  };
}

function httpChain({ bind, port }: ListenerPlan, routeName: string, { defaults }: ProxyGroup): JsonObject {
  return { filter_chain_match: plainHttp, filters: [outboundHttp(listenerName(bind, port), routeName, defaults)] };
}

function chains(plan: ListenerPlan, elsewhere: Elsewhere, group: ProxyGroup): JsonObject {
  const tcp = tcpChain(plan);
  if (plan.routeName === null) return { filter_chains: tcp === null ? [] : [tcp] };
  return {
    listener_filters: [httpInspector],
    filter_chains: [httpChain(plan, plan.routeName, group)],
    default_filter_chain: tcp ?? fallbackChain(elsewhere),
  };
}

/** Where rules speak of the connections: what they do not take goes on as if no service was there. */
function routedChains(
  plan: ListenerPlan,
  elsewhere: Elsewhere,
  group: ProxyGroup,
  connections: ConnectionChains,
): JsonObject {
  const http = plan.routeName === null ? [] : [httpChain(plan, plan.routeName, group)];
  const inspectors = [...(connections.byServerName ? [tlsInspector] : []), ...(http.length > 0 ? [httpInspector] : [])];
  return {
    ...(inspectors.length > 0 && { listener_filters: inspectors }),
    filter_chains: [...http, ...connections.chains],
    default_filter_chain: connections.fallback ?? fallbackChain(elsewhere),
  };
}

/** A listener whose connections go where its services are. */
export const emitListener = memo((plan: ListenerPlan, elsewhere: Elsewhere, group: ProxyGroup): XdsResource => {
  return listenerWith(plan, chains(plan, elsewhere, group), group, []);
});

/** A listener whose connections go where rules say. */
export const emitRoutedListener = memo(
  (plan: ListenerPlan, elsewhere: Elsewhere, group: ProxyGroup, connections: ConnectionChains): XdsResource => {
    return listenerWith(plan, routedChains(plan, elsewhere, group, connections), group, connections.origins);
  },
);

function listenerWith(
  plan: ListenerPlan,
  filterChains: JsonObject,
  group: ProxyGroup,
  origins: readonly Origin[],
): XdsResource {
  const name = listenerName(plan.bind, plan.port);
  const objects = plan.called.map(({ service }) => service.origin);
  const ports = plan.called.map(({ port }) => port.origin);
  const json = {
    name,
    address: socketAddress(plan.bind, plan.bound),
    traffic_direction: 'OUTBOUND',
    bind_to_port: group.interception === 'NONE',
    ...filterChains,
    continue_on_listener_filters_timeout: true,
    listener_filters_timeout: protoDuration(group.defaults.detectionTimeout),
    // One that services share would be drained and rebuilt whenever one comes or goes, so it does not name them.
    ...(plan.bind !== sharedBind(group) && { metadata: { filter_metadata: objectsMetadata(objects) } }),
  };
  return resource('listener', name, json, [...ports, ...origins]);
}
