// Service (core/v1): a name, virtual IPs and ports.
import { isObject, type JsonObject } from '../lib/json.ts';
import type { Nearness } from '../model/locality-lb.ts';
import { serviceHost } from '../model/names.ts';
import { originOf } from '../model/origin.ts';
import {
  isProxied,
  type Resolution,
  type Service as ServiceModel,
  type ServicePort,
  type Subnet,
} from '../model/service.ts';
import { ownAnnotations } from './annotations/own.ts';
import {
  boolean,
  type Decoder,
  ignored,
  ignoring,
  inside,
  integer,
  list,
  nonEmptyString,
  object,
  oneOf,
  portRange,
  report,
  type Spot,
  selector,
  string,
} from './values/decode.ts';
import { exportedByDefault, exportedTo, serviceExportTo } from './values/host.ts';
import { kind } from './values/kind.ts';
import type { Member } from './values/member.ts';
import type { Metadata } from './values/metadata.ts';
import { protocolOf } from './values/protocol.ts';
import { virtualIp } from './values/virtual-ip.ts';

export interface Service extends ServiceModel {
  /** Whether endpoints that are not ready are published as if they were. */
  readonly publishNotReady: boolean;
  /** Labels that choose workloads, as they are written: some services have many. Null: nothing is chosen. */
  readonly selector: JsonObject | null;
  /** What a ServiceEntry says of its endpoints; null: it is a Service of Kubernetes. */
  readonly members: readonly Member[] | null;
}

/** What most services have in common. */
export const noSubnets: readonly Subnet[] = [];
export const noNames: readonly string[] = [];

const targetPort: Decoder<number | string> = (value, spot) =>
  typeof value === 'string' ? nonEmptyString(value, spot) : integer(portRange)(value, spot);

const transport = oneOf({ TCP: 'TCP', UDP: 'UDP', SCTP: 'SCTP' } as const);

const portFields = object(
  {
    name: string,
    port: integer(portRange),
    targetPort,
    protocol: transport,
    appProtocol: string,
    nodePort: integer({ min: 0, max: 65535 }),
  },
  { required: ['port'] },
);

const port: Decoder<ServicePort> = (value, spot) => {
  const decoded = portFields(value, spot);
  if (decoded?.port === undefined) return undefined;
  const { name = '', port: number, appProtocol = null, protocol: transport = 'TCP' } = decoded;
  return {
    name,
    number,
    protocol: protocolOf({ name, number, appProtocol, transport }),
    targetPort: decoded.targetPort ?? number,
    origin: spot.origin,
  };
};

/** The labels themselves, once they are known to be labels. */
export const writtenSelector: Decoder<JsonObject> = (value, spot) =>
  (selector(value, spot)?.size ?? 0) > 0 && isObject(value) ? value : undefined;

/** `None` means headless, an empty text that no address is given out yet. */
const clusterIp: Decoder<string> = (value, spot) => (value === 'None' || value === '' ? value : virtualIp(value, spot));

const affinity = oneOf({ None: 'None', ClientIP: 'ClientIP' } as const);

const sessionAffinity: Decoder<string> = (value, spot) =>
  affinity(value, spot) === 'ClientIP'
    ? report(spot, 'SLC0108', 'sessionAffinity ClientIP: not supported yet; a DestinationRule with useSourceIp does it')
    : undefined;

/** What `trafficDistribution` says, in the field or in the annotation. */
const nearness = oneOf<Nearness>({ PreferClose: 'zone', PreferSameZone: 'zone', PreferSameNode: 'node' });
const nearnessAnnotation = 'networking.istio.io/traffic-distribution';

/** The annotation is older than the field; the field wins. */
function nearnessOf(metadata: Metadata, { trafficDistribution }: Spec, spot: Spot): Nearness | null {
  const written = metadata.annotations.get(nearnessAnnotation);
  const here = inside(spot, 'metadata', 'annotations', nearnessAnnotation);
  // Istio's word for what is so without it.
  const annotated = written === undefined || written === 'Any' ? undefined : nearness(written, here);
  return trafficDistribution ?? annotated ?? null;
}

const spec = object(
  {
    type: oneOf({
      ClusterIP: 'ClusterIP',
      NodePort: 'NodePort',
      LoadBalancer: 'LoadBalancer',
      ExternalName: 'ExternalName',
    }),
    ports: list(port),
    clusterIP: clusterIp,
    clusterIPs: list(clusterIp),
    externalName: nonEmptyString,
    publishNotReadyAddresses: boolean,
    internalTrafficPolicy: oneOf({ Cluster: false, Local: true }),
    sessionAffinity,
    trafficDistribution: nearness,
    selector: writtenSelector,
  },
  {
    ignored: ignoring(
      ...['sessionAffinityConfig', 'externalIPs', 'externalTrafficPolicy', 'healthCheckNodePort', 'loadBalancerIP'],
      ...[
        'loadBalancerSourceRanges',
        'loadBalancerClass',
        'allocateLoadBalancerNodePorts',
        'ipFamilies',
        'ipFamilyPolicy',
      ],
    ),
  },
);
type Spec = NonNullable<ReturnType<typeof spec>>;

/** There are none for this kind, so each is misspelt, or on the wrong object. */
const reportAnnotations = ownAnnotations({});

const exportAnnotation = 'networking.istio.io/exportTo';

function resolutionOf(spec: Spec, ips: readonly string[], spot: Spot): Resolution | undefined {
  if (spec.type === 'ExternalName') {
    if (spec.externalName !== undefined) return { kind: 'alias', target: spec.externalName.toLowerCase() };
    return report(inside(spot, 'spec'), 'SLC0104', 'type ExternalName needs the field "externalName"');
  }
  return { kind: ips.includes('None') ? 'passthrough' : 'eds' };
}

/** Namespaces, separated by commas. */
function visibility({ annotations, namespace }: Metadata, spot: Spot): ReadonlySet<string> {
  const written = annotations.get(exportAnnotation);
  if (written === undefined) return exportedByDefault;
  const words = written.split(',').map((word) => word.trim());
  const place = inside(spot, 'metadata', 'annotations', exportAnnotation);
  return exportedTo(
    serviceExportTo(
      words.filter((word) => word !== ''),
      place,
    ),
    namespace,
  );
}

/** A UDP port may share its number with a TCP port; two of one transport may not. */
function uniquePorts(ports: readonly ServicePort[], spot: Spot): readonly ServicePort[] {
  const kept = new Map<string, ServicePort>();
  for (const each of ports) {
    const key = `${isProxied(each.protocol)} ${each.number}`;
    if (kept.has(key)) {
      const place = { origin: each.origin, diagnostics: spot.diagnostics };
      report(inside(place, 'port'), 'SLC0107', `port ${each.number} is defined twice; the first one is used`);
    } else {
      kept.set(key, each);
    }
  }
  return [...kept.values()];
}

function build(metadata: Metadata, spec: Spec, spot: Spot): Service | undefined {
  if (metadata.name.includes('.'))
    return report(inside(spot, 'metadata', 'name'), 'SLC0004', 'a Service is named without dots');
  reportAnnotations(metadata, spot);
  const ips = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  const resolution = resolutionOf(spec, ips, spot);
  if (resolution === undefined) return undefined;
  return {
    host: serviceHost(metadata.name, metadata.namespace),
    name: metadata.name,
    namespace: metadata.namespace,
    ports: uniquePorts(spec.ports ?? [], spot),
    addresses: [...new Set(ips.filter((ip) => ip !== 'None' && ip !== ''))],
    subnets: noSubnets,
    resolution,
    external: false,
    names: noNames,
    exportTo: visibility(metadata, spot),
    nodeLocal: spec.internalTrafficPolicy ?? false,
    nearness: nearnessOf(metadata, spec, spot),
    created: metadata.created,
    publishNotReady: spec.publishNotReadyAddresses ?? false,
    selector: spec.selector ?? null,
    members: null,
    origin: originOf(metadata.id),
  };
}

export const serviceKind = kind(
  { group: '', kind: 'Service', versions: ['v1'], required: ['spec'], body: { spec, status: ignored } },
  (metadata, { spec }, spot) => spec && build(metadata, spec, spot),
);
