// Ports on which a workload is called that its Sidecar lists: those that the proxy opens itself are listeners of their own.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import { type Diagnostic, diagnose } from '../../model/diagnostic.ts';
import type { ServerProtocol } from '../../model/gateway.ts';
import type { ServedPort } from '../../model/mesh.ts';
import { inboundCluster } from '../../model/names.ts';
import { at } from '../../model/origin.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import type { IngressListener, PortTls } from '../../model/scope.ts';
import { isHttp } from '../../model/service.ts';
import { protoDuration } from './duration.ts';
import { guardedConnection } from './filters/authorization.ts';
import { emitDownstreamTls } from './gateway-tls.ts';
import { inboundHttp } from './http-connection-manager.ts';
import { plainHttp } from './inbound-chains.ts';
import { httpInspector, tlsInspector } from './inspectors.ts';
import { socketAddress } from './listener.ts';
import { boundPort, type ListenerPlan, listenerName, wildcards } from './plan-listeners.ts';
import { objectsMetadata } from './provenance.ts';
import { tcpProxy } from './tcp-proxy.ts';

/** What the Sidecar of a group says of a port; null: nothing. */
export function ingressAt(port: number, { scope }: ProxyGroup): IngressListener | null {
  return scope?.ingress.find((each) => each.port === port) ?? null;
}

/** What clients offer over TLS that speak HTTP within it. */
const httpWithin: JsonObject = { application_protocols: ['h2', 'http/1.1'] };

/** Whether the proxy opens the port itself, rather than that connections to it are captured. */
export function bindsItself({ capture }: IngressListener, { interception }: ProxyGroup): boolean {
  return capture === 'bound' || (capture === 'as-proxy' && interception === 'NONE');
}

/** Of a port that nothing is captured on, and that leads back to itself, no listener can be made. */
const leadsToItself = ({ target, port, bind }: IngressListener): boolean =>
  target.kind === 'called' && target.port === port && bind === null;

/** Whether there is a way to the port at all. */
function isReachable(listener: IngressListener, group: ProxyGroup): boolean {
  if (!bindsItself(listener, group)) return group.interception !== 'NONE';
  return !leadsToItself(listener);
}

function filters(served: ServedPort, tls: PortTls | null, name: string, group: ProxyGroup): JsonObject {
  const cluster = inboundCluster(served.targetPort);
  const { host, port, protocol } = served;
  const socket = (inner: ServerProtocol): JsonObject =>
    tls?.kind === 'terminate' ? { transport_socket: emitDownstreamTls(tls, { protocol: inner }, group) } : {};
  const connections = { filters: guardedConnection(group.authorization, tcpProxy(cluster, null)), ...socket('tcp') };
  if (!isHttp(protocol) && protocol !== 'auto') return { filter_chains: [connections] };
  const http = {
    statName: name,
    virtualHost: `inbound|http|${port}`,
    cluster,
    operation: `${host}:${port}/*`,
    retried: protocol !== 'grpc',
    defaults: group.defaults,
    authorization: group.authorization,
  };
  const manager = inboundHttp(http, false);
  if (isHttp(protocol)) return { filter_chains: [{ filters: [manager], ...socket('http') }] };
  const [inspector, match] = tls === null ? [httpInspector, plainHttp] : [tlsInspector, httpWithin];
  return {
    listener_filters: [inspector],
    filter_chains: [{ filter_chain_match: match, filters: [manager], ...socket('http') }],
    default_filter_chain: connections,
  };
}

const bindOf = ({ bind }: IngressListener, { ipFamily }: ProxyGroup): string => bind ?? wildcards[ipFamily];

const ingressName = (listener: IngressListener, group: ProxyGroup): string =>
  listenerName(bindOf(listener, group), listener.port);

const emitIngressListener = memo((served: ServedPort, listener: IngressListener, group: ProxyGroup): XdsResource => {
  const name = ingressName(listener, group);
  const json = {
    name,
    address: socketAddress(bindOf(listener, group), boundPort(listener.port, group)),
    traffic_direction: 'INBOUND',
    bind_to_port: true,
    ...filters(served, listener.tls, name, group),
    continue_on_listener_filters_timeout: true,
    listener_filters_timeout: protoDuration(group.defaults.detectionTimeout),
    metadata: { filter_metadata: objectsMetadata([listener.origin]) },
  };
  return resource('listener', name, json, [listener.origin]);
});

/** The listeners for ports that the proxy opens itself. */
export function emitIngressListeners(group: ProxyGroup): readonly XdsResource[] {
  return (group.scope?.ingress ?? []).flatMap((listener) => {
    const served = group.served.find(({ targetPort }) => targetPort === listener.port);
    if (served === undefined || !bindsItself(listener, group) || !isReachable(listener, group)) return [];
    return [emitIngressListener(served, listener, group)];
  });
}

/** What is to be said of ports that cannot be as they are written. */
export function ingressDiagnostics(group: ProxyGroup, outbound: readonly ListenerPlan[]): readonly Diagnostic[] {
  return (group.scope?.ingress ?? []).flatMap((listener) => {
    const bound = bindsItself(listener, group);
    const name = bound ? ingressName(listener, group) : null;
    const lost = outbound.find((plan) => listenerName(plan.bind, plan.port) === name);
    if (lost !== undefined) {
      const host = lost.called[0]?.service.host ?? 'a service';
      const message = `the listener ${name} takes calls of the workload, so ${host} cannot be called there; write "bind"`;
      return [diagnose('SLC0401', listener.origin, message)];
    }
    const strict = group.served.some((port) => port.targetPort === listener.port && port.mutualTls === 'strict');
    if (strict && !bound && listener.tls?.kind === 'terminate') {
      const message = 'PeerAuthentication is STRICT here, so the port is answered by certificates of the mesh alone';
      return [diagnose('SLC0110', listener.tls.origin, message)];
    }
    if (!bound && listener.bind !== null) {
      return [diagnose('SLC0110', at(listener.origin, 'bind'), 'captured connections are taken on every address')];
    }
    if (isReachable(listener, group)) return [];
    const message = bound
      ? 'the proxy itself opens this port, so write a defaultEndpoint on another one'
      : 'nothing is captured with INTERCEPTION_MODE NONE, so this port cannot be called';
    return [diagnose('SLC0110', at(listener.origin, bound ? 'defaultEndpoint' : 'captureMode'), message)];
  });
}
