// The two listeners that a captured sidecar's connections meet first: envoy.config.listener.v3.Listener for 15001, 15006.
import { resource, type XdsResource } from '../../envoy/resource.ts';
import type { JsonObject } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { ServedPort } from '../../model/mesh.ts';
import { blackHoleCluster, inboundCluster, inboundPassthroughCluster } from '../../model/names.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import type { ProxyGroup } from '../../model/proxy.ts';
import type { PortTls } from '../../model/scope.ts';
import { protoDuration } from './duration.ts';
import type { Elsewhere } from './elsewhere.ts';
import { guardedConnection } from './filters/authorization.ts';
import { type InboundHttp, inboundHttp } from './http-connection-manager.ts';
import { chainSocket, type InboundChain, inboundChains, inspectionFor } from './inbound-chains.ts';
import { ingressAt } from './ingress.ts';
import { inspectors } from './inspectors.ts';
import { socketAddress } from './listener.ts';
import { listenerName, sharedBind } from './plan-listeners.ts';
import { objectsMetadata } from './provenance.ts';
import { tcpProxy } from './tcp-proxy.ts';

const outboundPort = 15001;
const inboundPort = 15006;

const originalDst: JsonObject = {
  name: 'envoy.filters.listener.original_dst',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst' },
};

/** Under TPROXY the packets keep their addresses, so the sockets must be allowed to answer for them. */
function transparency({ interception }: ProxyGroup): JsonObject {
  return interception === 'TPROXY' ? { transparent: true } : {};
}

/** A connection that was meant for the sidecar's own port would come back to it without end. */
function blackHoleChain(name: string, port: number): JsonObject {
  return { name, filter_chain_match: { destination_port: port }, filters: [tcpProxy(blackHoleCluster, null)] };
}

/** Takes redirected connections and hands them to the listener of their original destination. */
export const emitVirtualOutbound = memo((elsewhere: Elsewhere, group: ProxyGroup): XdsResource => {
  const json = {
    name: 'virtualOutbound',
    address: socketAddress(sharedBind(group), outboundPort),
    traffic_direction: 'OUTBOUND',
    use_original_dst: true,
    ...transparency(group),
    filter_chains: [
      blackHoleChain('virtualOutbound-blackhole', outboundPort),
      { name: 'virtualOutbound-catchall-tcp', filters: [tcpProxy(elsewhere.cluster, elsewhere.policy)] },
    ],
  };
  return resource('listener', 'virtualOutbound', json, []);
});

function serviceOf({ object }: ServedPort): Origin {
  return originOf(object);
}

function servedChains(served: ServedPort, group: ProxyGroup, bind: string): JsonObject[] {
  const { protocol, host, port, targetPort } = served;
  const name = listenerName(bind, targetPort);
  const cluster = inboundCluster(targetPort);
  const metadata = { filter_metadata: objectsMetadata([serviceOf(served)]) };
  const http = {
    statName: name,
    virtualHost: `inbound|http|${port}`,
    cluster,
    operation: `${host}:${port}/*`,
    retried: protocol !== 'grpc',
    ...policiesOf(group),
  };
  const own = tlsAt(targetPort, group);
  return inboundChains(protocol, served.mutualTls, group.certificates.server, own).map((chain) => ({
    name,
    metadata,
    filter_chain_match: { destination_port: targetPort, ...chain.match },
    filters: reader(chain, http),
    ...chainSocket(chain, own, group),
  }));
}

/** The certificates that a Sidecar gives to a port. */
const tlsAt = (port: number, group: ProxyGroup): PortTls | null => ingressAt(port, group)?.tls ?? null;

const policiesOf = ({ defaults, authorization }: ProxyGroup) => ({ defaults, authorization });

/** What reads a chain's connections. */
function reader({ reading, encryption }: InboundChain, http: InboundHttp): readonly JsonObject[] {
  if (reading === 'refused') return [tcpProxy(blackHoleCluster, null)];
  if (reading === 'http') return [inboundHttp(http, encryption === 'mutual')];
  return guardedConnection(http.authorization, tcpProxy(http.cluster, null));
}

const unserved: Omit<InboundHttp, 'defaults' | 'authorization'> = {
  statName: inboundPassthroughCluster,
  virtualHost: 'inbound|http|0',
  cluster: inboundPassthroughCluster,
  operation: ':0/*',
  retried: false,
};

/** Ports that no service names: passed on to the workload, counted as HTTP where they speak it. */
function passthroughChains(chains: readonly InboundChain[], group: ProxyGroup): JsonObject[] {
  const http = { ...unserved, ...policiesOf(group) };
  return chains.map((chain) => ({
    name: chain.reading === 'http' ? 'virtualInbound-catchall-http' : 'virtualInbound',
    filter_chain_match: chain.match,
    filters: reader(chain, http),
    ...chainSocket(chain, null, group),
  }));
}

/** Where several services lead to one port of the workload, the first by name speaks for it. */
export function byTargetPort(served: readonly ServedPort[]): readonly ServedPort[] {
  const first = new Map<number, ServedPort>();
  for (const each of served) if (!first.has(each.targetPort)) first.set(each.targetPort, each);
  return [...first.values()];
}

/** Takes the connections that were meant for the workload. */
export const emitVirtualInbound = memo((group: ProxyGroup): XdsResource => {
  const bind = sharedBind(group);
  const served = byTargetPort(group.served);
  const passed = inboundChains('auto', group.mutualTls, group.certificates.server, null);
  const ports = served.map(({ protocol, mutualTls, targetPort }) => ({
    port: targetPort,
    ...inspectionFor(inboundChains(protocol, mutualTls, group.certificates.server, tlsAt(targetPort, group))),
  }));
  const json = {
    name: 'virtualInbound',
    address: socketAddress(bind, inboundPort),
    traffic_direction: 'INBOUND',
    ...transparency(group),
    listener_filters: [originalDst, ...inspectors(ports, inspectionFor(passed))],
    listener_filters_timeout: protoDuration(group.defaults.detectionTimeout),
    continue_on_listener_filters_timeout: true,
    filter_chains: [
      blackHoleChain('virtualInbound-blackhole', inboundPort),
      ...passthroughChains(passed, group),
      ...served.flatMap((each) => servedChains(each, group, bind)),
    ],
  };
  return resource(
    'listener',
    'virtualInbound',
    json,
    served.map((each) => serviceOf(each)),
  );
});
