// Outbound listeners: envoy.config.listener.v3.Listener for calls from a workload.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { blackHoleCluster, passthroughCluster } from '../../model/names.ts';
import type { Origin } from '../../model/origin.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import { isDynamic } from './cluster-plan.ts';
import { type ConnectionChains, emitConnections } from './connection-routes.ts';
import { dynamicHttpFilter } from './dynamic-names.ts';
import { outboundHttp } from './http-connection-manager.ts';
import { plainHttp } from './inbound-chains.ts';
import { httpInspector, tlsInspector } from './inspectors.ts';
import { emitMatchedChains, serviceChain } from './matched-chains.ts';
import { type ListenerPlan, listenerName, sharedBind } from './plan-listeners.ts';
import { objectsMetadata } from './provenance.ts';
import { planConnections, type RouteSource } from './route-plan.ts';
import { tcpProxy } from './tcp-proxy.ts';

export function socketAddress(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}

/** Connections that no service takes: to where they were going, if the proxy can know that. */
function fallbackChain(group: ProxyGroup): JsonObject {
  return group.interception === 'NONE'
    ? { name: 'BlackHoleFilterChain', filters: [tcpProxy(blackHoleCluster, null)] }
    : { name: 'PassthroughFilterChain', filters: [tcpProxy(passthroughCluster, null)] };
}

function httpChain({ bind, port, called }: ListenerPlan, routeName: string, group: ProxyGroup): JsonObject {
  const dynamic = called.some(({ cluster }) => isDynamic(cluster));
  const before = dynamic ? [dynamicHttpFilter(group.ipFamily)] : [];
  const manager = outboundHttp(listenerName(bind, port), routeName, group.certificates, before);
  return { filter_chain_match: plainHttp, filters: [manager] };
}

function chains(plan: ListenerPlan, group: ProxyGroup): JsonObject {
  const tcp = plan.tcp === null ? null : serviceChain(plan.tcp, group);
  if (plan.routeName === null) return { filter_chains: tcp === null ? [] : [tcp] };
  return {
    listener_filters: [httpInspector],
    filter_chains: [httpChain(plan, plan.routeName, group)],
    default_filter_chain: tcp ?? fallbackChain(group),
  };
}

/** Where rules speak of the connections: what they do not take goes on as if no service was there. */
function routedChains(plan: ListenerPlan, group: ProxyGroup, connections: ConnectionChains): JsonObject {
  const http = plan.routeName === null ? [] : [httpChain(plan, plan.routeName, group)];
  const inspectors = [...(connections.byServerName ? [tlsInspector] : []), ...(http.length > 0 ? [httpInspector] : [])];
  return {
    ...(inspectors.length > 0 && { listener_filters: inspectors }),
    filter_chains: [...http, ...connections.chains],
    default_filter_chain: connections.fallback ?? fallbackChain(group),
  };
}

/** A listener whose connections go where its services are. */
const emitListener = memo((plan: ListenerPlan, group: ProxyGroup): XdsResource => {
  return listenerWith(plan, chains(plan, group), group, []);
});

/** A listener whose connections go where rules say. */
const emitRoutedListener = memo((plan: ListenerPlan, group: ProxyGroup, connections: ConnectionChains): XdsResource => {
  return listenerWith(plan, routedChains(plan, group, connections), group, connections.origins);
});

/** The chains of what shares a listener: of the services that are told apart, and of the one that is not. */
const joined = memo(
  (
    ofTls: ConnectionChains,
    ofRules: ConnectionChains | null,
    plan: ListenerPlan,
    group: ProxyGroup,
  ): ConnectionChains => {
    const { chains, fallback, origins } = ofRules ?? { chains: [], fallback: null, origins: [] };
    const ofService = plan.tcp === null || ofRules !== null ? null : serviceChain(plan.tcp, group);
    return {
      chains: [...ofTls.chains, ...chains],
      fallback: fallback ?? ofService,
      byServerName: ofTls.byServerName || ofRules?.byServerName === true,
      origins: [...ofTls.origins, ...origins],
    };
  },
);

/** A listener of a captured sidecar, or of one that is called by address. */
export function emitOutbound(plan: ListenerPlan, source: RouteSource, group: ProxyGroup): XdsResource {
  const { tcp, matched } = plan;
  const connections = tcp === null ? null : planConnections(source, tcp, group);
  const ofRules = tcp === null || connections === null ? null : emitConnections(connections, tcp.port.number);
  if (matched.length > 0) {
    const apart = emitMatchedChains(matched, source, group);
    return emitRoutedListener(plan, group, joined(apart, ofRules, plan, group));
  }
  return ofRules === null ? emitListener(plan, group) : emitRoutedListener(plan, group, ofRules);
}

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
    listener_filters_timeout: '0s',
    // One that services share would be drained and rebuilt whenever one comes or goes, so it does not name them.
    ...(plan.bind !== sharedBind(group) && { metadata: { filter_metadata: objectsMetadata(objects) } }),
  };
  return resource('listener', name, json, [...ports, ...origins]);
}
