// Probes by way of the agent: the kubelet has no certificate of the mesh, and a connection that is captured tells it of Envoy,
// not of the workload.
import {
  type PodTemplate,
  type ProbeAction,
  type ProbeField,
  probeFields,
  type TemplateContainer,
} from '../../crds/pod-template.ts';
import type { JsonObject, JsonValue } from '../../lib/json.ts';
import { isOurs } from './own-names.ts';
import { agentPort } from './ports.ts';

/** What the agent asks, by the path at which the kubelet asks the agent. */
export interface AppProbe {
  readonly path: string;
  readonly action: ProbeAction;
  readonly timeoutSeconds: number;
}

const suffixes: Readonly<Record<ProbeField, string>> = {
  livenessProbe: 'livez',
  readinessProbe: 'readyz',
  startupProbe: 'startupz',
};

const pathOf = (container: string, field: ProbeField): string => `/app-health/${container}/${suffixes[field]}`;

/** The probes of a pod that go by way of the agent; `before`: those that did already. */
export function appProbes(
  { containers, initContainers }: PodTemplate,
  before: readonly AppProbe[],
): readonly AppProbe[] {
  const workload = [...initContainers, ...containers].filter(({ name }) => !isOurs(name));
  const all = workload.flatMap((container) => probesOf(container, before));
  return all.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function probesOf({ name, probes }: TemplateContainer, before: readonly AppProbe[]): readonly AppProbe[] {
  return probeFields.flatMap((field) => {
    const path = pathOf(name, field);
    const probe = probes[field];
    if (probe?.kind !== 'here') return [];
    const { action, timeoutSeconds } = probe;
    const there = isRewritten(action, path)
      ? before.find((each) => each.path === path)
      : { path, action, timeoutSeconds };
    return there === undefined ? [] : [there];
  });
}

const isRewritten = (action: ProbeAction, path: string): boolean =>
  action.kind === 'http' && action.port === agentPort && action.path === path;

/** A container whose probes go by way of the agent. All else in it stays, so does what says how often to ask. */
export function rewriteProbes(container: JsonObject, name: string, probes: readonly AppProbe[]): JsonObject {
  const rewritten = probeFields.flatMap((field) => {
    const path = pathOf(name, field);
    const written = container[field];
    if (typeof written !== 'object' || written === null || !probes.some((each) => each.path === path)) return [];
    const { httpGet: _, tcpSocket: __, grpc: ___, ...timing } = written as JsonObject;
    const probe: JsonObject = { ...timing, httpGet: { path, port: agentPort, scheme: 'HTTP' } };
    return [[field, probe] as const];
  });
  return { ...container, ...Object.fromEntries(rewritten) };
}

/** The probes as the agent's environment holds them. */
export function probesText(probes: readonly AppProbe[]): string {
  return JSON.stringify(probes satisfies readonly AppProbe[] as unknown as JsonValue);
}
