// What the command line says to the agent.
import type { EnvoyLogLevel } from '../../model/sidecar-settings.ts';

export interface SidecarFlags {
  readonly xdsAddress: { readonly host: string; readonly port: number };
  readonly podName: string;
  readonly podNamespace: string;
  readonly instanceIp: string;
  readonly appProbes?: string;
  readonly plaintext?: boolean;
  readonly tlsDir?: string;
  readonly token?: string;
  readonly roots?: string;
  readonly serverName?: string;
  readonly interception: 'REDIRECT' | 'NONE';
  readonly logLevel: EnvoyLogLevel;
  readonly concurrency: number;
  readonly drain: number;
  readonly terminationDrain: number;
  readonly untilNoConnections?: boolean;
  readonly folder: string;
  readonly envoy?: string;
  readonly agentPort: number;
  readonly readinessPort: number;
  readonly metricsPort: number;
  readonly adminPort: number;
}
