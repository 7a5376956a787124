// What a run has measured. What was not asked for is left out.
import type { ChangesReport, SyncReport } from './load.ts';
import type { Usage } from './usage.ts';

/** One server on one workload. */
export interface Measured {
  readonly sync: SyncReport;
  readonly changes: ChangesReport;
}

export interface Comparison {
  readonly sluice: Measured;
  readonly peer: Measured;
}

export interface Storm {
  /** Before the kill, MiB. */
  readonly steadyMemory: number;
  readonly sync: SyncReport;
  /** The longest time that the event loop stood still, in milliseconds; null: the server does not say. */
  readonly stallMs: number | null;
}

export interface Start {
  readonly readyMs: number;
  readonly usage: Usage;
}

/** What translation costs; times in milliseconds, memory in MiB. */
export interface TranslationReport {
  readonly services: number;
  /** All of the mesh for one proxy, from decoded YAML to encoded resources. */
  readonly cold: number;
  readonly resources: number;
  /** What the objects themselves take, */
  readonly objectsMemory: number;
  /** and what all that was made of them takes beside them. */
  readonly memory: number;
  readonly changes: readonly {
    readonly kind: string;
    /** The median, and in how many resources a proxy sees a difference. */
    readonly cost: { readonly p50: number; readonly differing: number };
  }[];
}

export interface Results {
  readonly S?: Comparison;
  readonly M?: Comparison;
  readonly L?: Comparison;
  /** The mark without translation, on M. */
  readonly prototype?: Measured;
  /** Sluice on M, every proxy in a namespace of its own. */
  readonly namespaces?: SyncReport;
  /** Sluice on M over mutual TLS, and node:tls sending as many bytes to as many. */
  readonly tls?: { readonly sluice: SyncReport; readonly markCpu: number };
  /** Proxies come back with nothing, or with what they had. */
  readonly storm?: { readonly cold: Storm; readonly warm: Storm };
  /** Translation alone: with 1,000 services and with 10,000. */
  readonly translation?: { readonly M: TranslationReport; readonly L: TranslationReport };
  readonly start?: { readonly M: Start; readonly L: Start };
}

export type MutableResults = { -readonly [K in keyof Results]: Results[K] };
