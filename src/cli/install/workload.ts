// The control plane as it runs in a cluster: replicas that serve alike, none of which may do more than it must.
import type { JsonObject } from '../../lib/json.ts';
import { systemNamespace } from '../../model/names.ts';
import { account, caSecretName } from './rbac.ts';

export interface WorkloadValues {
  readonly image: string;
  readonly replicas: number;
}

const labels = { app: account };
const metadata = { name: account, namespace: systemNamespace, labels };

/** By name, as Istio numbers them. */
const ports = { 'grpc-xds': 15012, 'http-monitoring': 15014, 'https-webhook': 15017 } as const;

const any = '0.0.0.0';
const words = (image: string): readonly string[] => [
  ...['serve', '--kube', '--write-status', `--lease=${systemNamespace}/sluice-leader`],
  `--ca-secret=${systemNamespace}/${caSecretName}`,
  '--xds-address=none',
  `--xds-tls-address=${any}:${ports['grpc-xds']}`,
  `--http-address=${any}:${ports['http-monitoring']}`,
  `--webhook-address=${any}:${ports['https-webhook']}`,
  `--sidecar-image=${image}`,
];

const probe = (path: string, more: JsonObject): JsonObject => ({ httpGet: { path, port: 'http-monitoring' }, ...more });

function container(image: string): JsonObject {
  return {
    name: account,
    image,
    command: ['sluice'],
    args: words(image),
    ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })),
    // A start waits for all objects; that a replica serves is asked often, that it lives seldom.
    startupProbe: probe('/healthz', { periodSeconds: 2, failureThreshold: 150 }),
    readinessProbe: probe('/readyz', { periodSeconds: 3 }),
    livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 }),
    resources: { requests: { cpu: '200m', memory: '256Mi' }, limits: { memory: '2Gi' } },
    securityContext: {
      ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 1337 },
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}

/** Not two on one machine, where there are several. */
const apart = {
  ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
  labelSelector: { matchLabels: labels },
};

function deployment({ image, replicas }: WorkloadValues): JsonObject {
  const pod = {
    serviceAccountName: account,
    // GOAWAYs are spread over ten seconds.
    terminationGracePeriodSeconds: 20,
    topologySpreadConstraints: [apart],
    containers: [container(image)],
    volumes: [{ name: 'tmp', emptyDir: {} }],
  };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: { metadata: { labels }, spec: pod },
    },
  };
}

const service: JsonObject = {
  ...{ apiVersion: 'v1', kind: 'Service', metadata },
  spec: {
    selector: labels,
    ports: [
      { name: 'grpc-xds', port: ports['grpc-xds'] },
      { name: 'http-monitoring', port: ports['http-monitoring'] },
      { name: 'https-webhook', port: 443, targetPort: 'https-webhook' },
    ],
  },
};

/** Of the namespace; of one replica no budget: a node could never be drained. */
export function workloadObjects(values: WorkloadValues): readonly JsonObject[] {
  const spec = { selector: { matchLabels: labels }, maxUnavailable: 1 };
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec };
  return [service, deployment(values), ...(values.replicas > 1 ? [budget] : [])];
}

/** Its pods keep to the strictest of Kubernetes' standards. */
export const namespaceObject: JsonObject = {
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: { name: systemNamespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
};
