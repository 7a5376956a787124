// What of a pod, or of the template of pods in a workload, its sidecar depends on. The rest belongs to others, and stays.
import type { Labels } from '../model/endpoint.ts';
import {
  boolean,
  type Decoder,
  inside,
  integer,
  list,
  nonEmptyString,
  part,
  portRange,
  report,
  type Spot,
  string,
  stringMap,
} from './values/decode.ts';

/** What asks a container whether it is well: a path at its port, a connection, or a call of gRPC's health service. */
export type ProbeAction =
  | {
      readonly kind: 'http';
      readonly port: number;
      readonly path: string;
      readonly tls: boolean;
      readonly headers: readonly { readonly name: string; readonly value: string }[];
    }
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string };

/** `elsewhere`: a command, or another host, which need no sidecar. */
export type Probe =
  | { readonly kind: 'elsewhere' }
  | { readonly action: ProbeAction; readonly timeoutSeconds: number; readonly kind: 'here' };

export const probeFields = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
export type ProbeField = (typeof probeFields)[number];

export interface TemplateContainer {
  readonly name: string;
  /** Those that it lists. */
  readonly ports: readonly number[];
  readonly probes: Readonly<Partial<Record<ProbeField, Probe>>>;
}

export interface PodTemplate {
  readonly labels: Labels;
  readonly annotations: ReadonlyMap<string, string>;
  readonly hostNetwork: boolean;
  readonly initContainers: readonly TemplateContainer[];
  readonly containers: readonly TemplateContainer[];
  readonly volumes: readonly { readonly name: string }[];
}

const none: ReadonlyMap<string, string> = new Map();

/** A number, or the name of one of the container's ports: bound once those are known. */
type PortRef = number | string;

const portRef: Decoder<PortRef> = (value, spot) =>
  typeof value === 'number' ? integer(portRange)(value, spot) : nonEmptyString(value, spot);

const probe = part({
  httpGet: part(
    {
      path: string,
      port: portRef,
      host: string,
      scheme: string,
      httpHeaders: list(part({ name: nonEmptyString, value: string }, { required: ['name'] })),
    },
    { required: ['port'] },
  ),
  tcpSocket: part({ port: portRef, host: string }, { required: ['port'] }),
  grpc: part({ port: integer(portRange), service: string }, { required: ['port'] }),
  timeoutSeconds: integer({ min: 0, max: 2_147_483_647 }),
});
type DecodedProbe = NonNullable<ReturnType<typeof probe>>;

const containerFields = part(
  {
    name: nonEmptyString,
    ports: list(part({ name: string, containerPort: integer(portRange) }, { required: ['containerPort'] })),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
  },
  { required: ['name'] },
);
type DecodedContainer = NonNullable<ReturnType<typeof containerFields>>;

const container: Decoder<TemplateContainer> = (value, spot) => {
  const decoded = containerFields(value, spot);
  if (decoded === undefined || decoded.name === undefined) return undefined;
  const probes = probeFields.flatMap((field) => {
    const written = decoded[field];
    const bound = written && bind(written, decoded, inside(spot, field));
    return bound === undefined ? [] : [[field, bound] as const];
  });
  const ports = (decoded.ports ?? []).flatMap(({ containerPort }) => containerPort ?? []);
  return { name: decoded.name, ports, probes: Object.fromEntries(probes) };
};

function bind(written: DecodedProbe, { ports = [] }: DecodedContainer, spot: Spot): Probe | undefined {
  const { httpGet, tcpSocket, grpc, timeoutSeconds } = written;
  // What Kubernetes has where nothing, or nothing of use, is said.
  const timing = {
    kind: 'here',
    timeoutSeconds: timeoutSeconds === undefined ? 1 : Math.max(1, timeoutSeconds),
  } as const;
  const portOf = (ref: PortRef | undefined, field: string): number | undefined => {
    const found = typeof ref === 'string' ? ports.find(({ name }) => name === ref)?.containerPort : ref;
    return (
      found ??
      report(
        inside(spot, field, 'port'),
        'SLC0801',
        `the container has no port of the name "${String(ref).slice(0, 60)}"`,
      )
    );
  };
  if ((httpGet?.host ?? tcpSocket?.host ?? '') !== '') return { kind: 'elsewhere' };
  if (httpGet !== undefined) {
    const { path = '/', scheme = 'HTTP', httpHeaders = [] } = httpGet;
    const port = portOf(httpGet.port, 'httpGet');
    const headers = httpHeaders.map(({ name = '', value = '' }) => ({ name, value }));
    return port === undefined
      ? port
      : { ...timing, action: { kind: 'http', port, path, tls: scheme === 'HTTPS', headers } };
  }
  if (tcpSocket !== undefined) {
    const port = portOf(tcpSocket.port, 'tcpSocket');
    return port === undefined ? port : { ...timing, action: { kind: 'tcp', port } };
  }
  const { port, service = '' } = grpc ?? {};
  return port === undefined ? { kind: 'elsewhere' } : { ...timing, action: { kind: 'grpc', port, service } };
}

const template = part(
  {
    metadata: part({ labels: stringMap, annotations: stringMap }),
    spec: part(
      {
        hostNetwork: boolean,
        initContainers: list(container),
        containers: list(container),
        volumes: list(part({ name: nonEmptyString }, { required: ['name'] })),
      },
      { required: ['containers'] },
    ),
  },
  { required: ['spec'] },
);

/** Reads a pod or a template. Undefined, with errors, if it is none. */
export const podTemplate: Decoder<PodTemplate> = (value, spot) => {
  const decoded = template(value, spot);
  if (decoded?.spec === undefined) return undefined;
  const { metadata, spec } = decoded;
  if (spec.containers?.length === 0) return report(inside(spot, 'spec', 'containers'), 'SLC0105', 'must not be empty');
  return {
    labels: metadata?.labels ?? none,
    annotations: metadata?.annotations ?? none,
    hostNetwork: spec.hostNetwork ?? false,
    initContainers: spec.initContainers ?? [],
    containers: spec.containers ?? [],
    volumes: (spec.volumes ?? []).map(({ name = '' }) => ({ name })),
  };
};
