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
  readonly start?: { readonly M: Start; readonly L: Start };
}

export type MutableResults = { -readonly [K in keyof Results]: Results[K] };
