// The two containers that a pod gets: Envoy with its agent, and what has the workload's connections captured.
import type { JsonObject } from '../../lib/json.ts';
import { captureContainer, proxyUser, sidecarContainer } from '../../model/names.ts';
import type { CaptureSettings, SidecarSettings } from '../../model/sidecar-settings.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { agentPort, metricsPort, readinessPort } from './ports.ts';
import { type AppProbe, probesText } from './probes.ts';

/** The environment variable that holds the probes that the agent answers for. */
export const probesVariable = 'ISTIO_KUBE_APP_PROBERS';

/** The volumes that both need, as the pod declares them. */
export function sidecarVolumes({ security }: MeshSettings): readonly JsonObject[] {
  const scratch = { name: 'istio-envoy', emptyDir: { medium: 'Memory' } };
  if (security === 'plain-text') return [scratch];
  const token = { serviceAccountToken: { audience: 'istio-ca', expirationSeconds: 43_200, path: 'istio-token' } };
  return [
    scratch,
    { name: 'istio-token', projected: { sources: [token] } },
    { name: 'istiod-ca-cert', configMap: { name: 'istio-ca-root-cert' } },
  ];
}

/** Where the volumes are in the sidecar. */
const folders = {
  scratch: '/etc/istio/proxy',
  token: '/var/run/secrets/tokens',
  roots: '/var/run/secrets/istio',
} as const;

function mounts({ security }: MeshSettings): readonly JsonObject[] {
  const scratch = { name: 'istio-envoy', mountPath: folders.scratch };
  if (security === 'plain-text') return [scratch];
  return [
    scratch,
    { name: 'istio-token', mountPath: folders.token, readOnly: true },
    { name: 'istiod-ca-cert', mountPath: folders.roots, readOnly: true },
  ];
}

const fromPod = (name: string, fieldPath: string): JsonObject => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const seconds = (milliseconds: number): string => `${milliseconds / 1000}s`;

function environment(probes: readonly AppProbe[]): readonly JsonObject[] {
  return [
    fromPod('POD_NAME', 'metadata.name'),
    fromPod('POD_NAMESPACE', 'metadata.namespace'),
    fromPod('INSTANCE_IP', 'status.podIP'),
    ...(probes.length === 0 ? [] : [{ name: probesVariable, value: probesText(probes) }]),
  ];
}

function sidecarWords(mesh: MeshSettings, settings: SidecarSettings): readonly string[] {
  const { interception, logLevel, concurrency, drain, terminationDrain, minimumDrain } = settings;
  return [
    'proxy',
    'sidecar',
    `--xds-address=${mesh.controlPlane}`,
    `--folder=${folders.scratch}`,
    ...(mesh.security === 'plain-text'
      ? ['--plaintext']
      : [`--token=${folders.token}/istio-token`, `--roots=${folders.roots}/root-cert.pem`]),
    ...(interception === 'REDIRECT' ? [] : [`--interception=${interception}`]),
    `--log-level=${logLevel}`,
    `--concurrency=${concurrency}`,
    `--drain=${seconds(drain)}`,
    ...(settings.exitOnZeroConnections
      ? ['--until-no-connections', `--termination-drain=${seconds(minimumDrain)}`]
      : [`--termination-drain=${seconds(terminationDrain)}`]),
  ];
}

function resourcesOf({ cpu, memory, cpuLimit, memoryLimit }: SidecarSettings['resources']): JsonObject {
  const some = (entries: Readonly<Record<string, string | null>>): JsonObject =>
    Object.fromEntries(Object.entries(entries).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
  return { requests: some({ cpu, memory }), limits: some({ cpu: cpuLimit, memory: memoryLimit }) };
}

const confined = { allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true } as const;

/** What asks whether it is ready. The others of a native sidecar's pod start after that. */
function sidecarProbes({ readiness, native }: SidecarSettings): JsonObject {
  const httpGet = { path: '/healthz/ready', port: readinessPort };
  const startup = { httpGet, periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 600 };
  return { ...(native && { startupProbe: startup }), readinessProbe: { httpGet, ...readiness, timeoutSeconds: 3 } };
}

/** Until it is ready the kubelet starts no container that stands behind it. */
const hold: JsonObject = { lifecycle: { postStart: { exec: { command: ['sluice', 'proxy', 'wait'] } } } };

/** Envoy and its agent. */
export function sidecar(mesh: MeshSettings, settings: SidecarSettings, probes: readonly AppProbe[]): JsonObject {
  return {
    name: sidecarContainer,
    image: mesh.image,
    command: ['sluice'],
    args: sidecarWords(mesh, settings),
    env: environment(probes),
    ports: [{ name: 'http-envoy-prom', containerPort: metricsPort, protocol: 'TCP' }],
    ...sidecarProbes(settings),
    ...(settings.native ? { restartPolicy: 'Always' } : settings.holdApplication ? hold : {}),
    resources: resourcesOf(settings.resources),
    securityContext: {
      ...confined,
      capabilities: { drop: ['ALL'] },
      runAsGroup: proxyUser,
      runAsNonRoot: true,
      runAsUser: proxyUser,
    },
    volumeMounts: mounts(mesh),
  };
}

/** Options of `sluice proxy capture`; those that are left at their defaults are not there. */
function captureWords(capture: CaptureSettings): readonly string[] {
  const option = (name: string, value: '*' | readonly (string | number)[], usual: '*' | ''): readonly string[] => {
    const text = value === '*' ? value : value.join(',');
    return text === usual ? [] : [`--${name}=${text}`];
  };
  return [
    ...option('include-outbound-ranges', capture.includeOutboundRanges, '*'),
    ...option('exclude-outbound-ranges', capture.excludeOutboundRanges, ''),
    ...option('include-outbound-ports', capture.includeOutboundPorts, ''),
    ...option('exclude-outbound-ports', capture.excludeOutboundPorts, ''),
    ...option('include-inbound-ports', capture.includeInboundPorts, '*'),
    ...option('exclude-inbound-ports', capture.excludeInboundPorts, ''),
    ...option('exclude-interfaces', capture.excludeInterfaces, ''),
  ];
}

/** Writes the rules that capture connections, and ends. It alone may change the pod's network, and nothing else. */
export function capturing({ image }: MeshSettings, { capture, resources }: SidecarSettings): JsonObject {
  return {
    name: captureContainer,
    image,
    command: ['sluice'],
    args: ['proxy', 'capture', ...captureWords(capture)],
    resources: resourcesOf(resources),
    securityContext: {
      ...confined,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    },
  };
}

/** Ports on which nothing of the workload's can be. */
export const ownPorts: readonly number[] = [agentPort, readinessPort, metricsPort];
