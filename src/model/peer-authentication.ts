// Whom workloads answer: by mutual TLS, in plain text, or both (PeerAuthentication, security.istio.io).
import type { Labels } from './endpoint.ts';
import type { ObjectId } from './object.ts';

/** Who may call: by mutual TLS alone, anybody, or in plain text alone. */
export type MutualTlsMode = 'strict' | 'permissive' | 'disable';

/** Where nothing else is said. */
export const usualMutualTls: MutualTlsMode = 'permissive';

export interface PeerAuthentication {
  readonly object: ObjectId;
  readonly namespace: string;
  readonly name: string;
  readonly created: number | null;
  /** Workloads with all these labels; null: all of the namespace, or of the mesh. */
  readonly selector: Labels | null;
  /** Null: as whatever is more general has it. */
  readonly mode: MutualTlsMode | null;
  /** By the workload's port. */
  readonly ports: ReadonlyMap<number, MutualTlsMode | null>;
}

/** What one workload's come to. */
export interface PeerModes {
  readonly mode: MutualTlsMode;
  readonly ports: ReadonlyMap<number, MutualTlsMode>;
}

/** Looks up whom workloads answer. */
export interface PeerAuthentications {
  of(namespace: string, labels: Labels): PeerModes;
  /** Whether workloads of a namespace answer nobody by mutual TLS, whichever they are. */
  disabled(namespace: string): boolean;
}

export const modeAt = ({ mode, ports }: PeerModes, port: number): MutualTlsMode => ports.get(port) ?? mode;
