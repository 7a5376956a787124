// How a sidecar runs beside a workload: what its pod asks for, or else the defaults of the mesh.
import type { Milliseconds } from './lb-policy.ts';
import type { Interception } from './proxy.ts';

/** Which connections are captured, and which are let through. */
export interface CaptureSettings {
  /** Ranges of addresses, `10.0.0.0/8`. */
  readonly includeOutboundRanges: '*' | readonly string[];
  readonly excludeOutboundRanges: readonly string[];
  /** Ports that are captured whatever the address. */
  readonly includeOutboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  readonly includeInboundPorts: '*' | readonly number[];
  readonly excludeInboundPorts: readonly number[];
  /** Names of network interfaces whose connections are let through. */
  readonly excludeInterfaces: readonly string[];
}

export const captureAll: CaptureSettings = {
  includeOutboundRanges: '*',
  excludeOutboundRanges: [],
  includeOutboundPorts: [],
  excludeOutboundPorts: [],
  includeInboundPorts: '*',
  excludeInboundPorts: [],
  excludeInterfaces: [],
};

export type EnvoyLogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';

export interface ReadinessSettings {
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

export interface SidecarSettings {
  readonly interception: Exclude<Interception, 'TPROXY'>;
  readonly capture: CaptureSettings;
  /** Quantities of Kubernetes; null: not said. */
  readonly resources: {
    readonly cpu: string | null;
    readonly memory: string | null;
    readonly cpuLimit: string | null;
    readonly memoryLimit: string | null;
  };
  readonly logLevel: EnvoyLogLevel;
  /** Envoy's worker threads; 0: one per core. */
  readonly concurrency: number;
  /** As an init container that goes on beside the others, which start after it and end before it. */
  readonly native: boolean;
  readonly rewriteProbes: boolean;
  /** Only of a sidecar that is not native: the others start once it is ready. */
  readonly holdApplication: boolean;
  readonly readiness: ReadinessSettings;
  /** How long Envoy asks its clients to go, while its listeners still take connections. */
  readonly drain: Milliseconds;
  /** How long it serves on after it was asked to end. */
  readonly terminationDrain: Milliseconds;
  /** Whether it instead serves on until nobody is connected, at least for `minimumDrain`. */
  readonly exitOnZeroConnections: boolean;
  readonly minimumDrain: Milliseconds;
}

/** What Istio has. */
export const usualSidecar: SidecarSettings = {
  interception: 'REDIRECT',
  capture: captureAll,
  resources: { cpu: '100m', memory: '128Mi', cpuLimit: '2', memoryLimit: '1Gi' },
  logLevel: 'warning',
  concurrency: 2,
  native: true,
  rewriteProbes: true,
  holdApplication: false,
  readiness: { initialDelaySeconds: 0, periodSeconds: 15, failureThreshold: 4 },
  drain: 45_000,
  terminationDrain: 5000,
  exitOnZeroConnections: false,
  minimumDrain: 5000,
};
