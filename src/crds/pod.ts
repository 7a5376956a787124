// Pod (core/v1): the workload behind endpoints and sidecars.

import { isObject } from '../lib/json.ts';
import type { Labels } from '../model/endpoint.ts';
import type { SourceObject } from '../model/object.ts';
import { originOf } from '../model/origin.ts';
import { type Decoder, ignoring, integer, list, nonEmptyString, object, portRange, string } from './values/decode.ts';
import { ipAddress } from './values/ip.ts';
import { kind } from './values/kind.ts';

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly string[];
  readonly node: string | null;
  readonly serviceAccount: string;
  /** Named container ports, which a Service's targetPort may name. */
  readonly ports: ReadonlyMap<string, number>;
  /** Whether it takes requests. */
  readonly ready: boolean;
}

const container = object(
  {
    ports: list(
      object(
        { name: string, containerPort: integer(portRange) },
        { ignored: ignoring('protocol', 'hostPort', 'hostIP') },
      ),
    ),
  },
  {
    ignored: ignoring(
      ...['name', 'image', 'command', 'args', 'workingDir', 'env', 'envFrom', 'resources', 'resizePolicy'],
      ...['restartPolicy', 'restartPolicyRules', 'volumeMounts', 'volumeDevices', 'livenessProbe', 'readinessProbe'],
      ...['startupProbe', 'lifecycle', 'terminationMessagePath', 'terminationMessagePolicy', 'imagePullPolicy'],
      ...['securityContext', 'stdin', 'stdinOnce', 'tty'],
    ),
  },
);

const spec = object(
  { nodeName: nonEmptyString, serviceAccountName: nonEmptyString, containers: list(container) },
  {
    ignored: ignoring(
      ...['volumes', 'initContainers', 'ephemeralContainers', 'restartPolicy', 'terminationGracePeriodSeconds'],
      ...['activeDeadlineSeconds', 'dnsPolicy', 'nodeSelector', 'serviceAccount'],
      ...['automountServiceAccountToken', 'hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'],
      ...['securityContext', 'imagePullSecrets', 'hostname', 'subdomain', 'affinity', 'schedulerName', 'tolerations'],
      ...['hostAliases', 'priorityClassName', 'priority', 'dnsConfig', 'readinessGates', 'runtimeClassName'],
      ...['enableServiceLinks', 'preemptionPolicy', 'overhead', 'topologySpreadConstraints', 'setHostnameAsFQDN'],
      ...['os', 'hostUsers', 'schedulingGates', 'resourceClaims', 'resources', 'hostnameOverride'],
    ),
  },
);

/** Only whether one says so; the kubelet writes many conditions, and nobody else does. */
const isUnready: Decoder<boolean> = (value) =>
  Array.isArray(value) && value.some((each) => isObject(each) && each['type'] === 'Ready' && each['status'] !== 'True');

const status = object(
  {
    podIP: ipAddress,
    podIPs: list(object({ ip: ipAddress }, { required: ['ip'] })),
    conditions: isUnready,
  },
  {
    ignored: ignoring(
      ...['phase', 'message', 'reason', 'hostIP', 'hostIPs', 'startTime', 'containerStatuses'],
      ...['initContainerStatuses', 'ephemeralContainerStatuses', 'qosClass', 'nominatedNodeName', 'resize'],
      ...['resourceClaimStatuses', 'observedGeneration', 'extendedResourceClaimStatus'],
    ),
  },
);

export const podKind = kind(
  { group: '', kind: 'Pod', versions: ['v1'], body: { spec, status } },
  (metadata, { spec, status }): Pod => ({
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels,
    addresses: addressesOf(status),
    node: spec?.nodeName ?? null,
    // What Kubernetes sets where nothing is said.
    serviceAccount: spec?.serviceAccountName ?? 'default',
    ports: namedPorts(spec),
    ready: !(status?.conditions ?? false),
  }),
);

function addressesOf(decoded: ReturnType<typeof status>): readonly string[] {
  const all = (decoded?.podIPs ?? []).flatMap(({ ip }) => ip ?? []);
  return all.length > 0 ? all : decoded?.podIP === undefined ? [] : [decoded.podIP];
}

function namedPorts(decoded: ReturnType<typeof spec>): ReadonlyMap<string, number> {
  const ports = (decoded?.containers ?? []).flatMap((each) => each.ports ?? []);
  return new Map(
    ports.flatMap(({ name, containerPort }) =>
      name === undefined || containerPort === undefined ? [] : [[name, containerPort] as const],
    ),
  );
}

/** All ports that a Pod's containers list, named or not. */
export function containerPorts({ id, json }: SourceObject): readonly number[] {
  const decoded = spec(json['spec'] ?? null, { origin: originOf(id), diagnostics: [] });
  return (decoded?.containers ?? []).flatMap((each) => each.ports ?? []).flatMap((each) => each.containerPort ?? []);
}
