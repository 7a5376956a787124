// What one group of proxies may see at one moment, and who hands it to the server.
import type { ResourceTable, XdsResource } from '../envoy/resource.ts';
import type { ResourceKind } from '../envoy/types.ts';
import type { ProxyNode } from '../model/proxy.ts';
import type { NameSet } from './name-set.ts';
import type { Culprit } from './refusal.ts';

/** Immutable; a table keeps its identity from one snapshot to the next while nothing in it differs. */
export type Snapshot = { readonly [K in ResourceKind]: ResourceTable } & {
  /** What is there, but has no form that proxies could be sent: they keep what they have of it. */
  readonly withheld?: { readonly [K in ResourceKind]?: NameSet };
};

/** What a proxy has refused. */
export interface RefusalReport {
  readonly kind: ResourceKind;
  /** The proxy's, at most 4 KiB. */
  readonly message: string;
  /** What was found to be at fault. Both empty: nobody knows yet which of the response's resources it is. */
  readonly culprits: readonly Culprit[];
  /** What this proxy cannot take, though others of its group have taken the same. */
  readonly own: readonly Culprit[];
}

/** `changedAt`: when what led to the snapshot happened, by `performance.now()`. */
export type OnSnapshot = (snapshot: Snapshot, changedAt?: number) => void;

/** What one stream is handed, and what it tells. */
export interface SnapshotFeed {
  /** The proxy has refused a response; or what was at fault in one has been found. */
  refused(report: RefusalReport): void;
  /** The proxy has acknowledged a response with these resources. */
  taken(kind: ResourceKind, resources: readonly XdsResource[]): void;
  close(): void;
}

/** The server's view of the control plane: it knows proxies and snapshots, and nothing of how snapshots are made. */
export interface SnapshotProvider {
  /**
   * Calls `onSnapshot` at once with what the proxy may see, and again whenever that differs, until the feed is closed.
   * Proxies of one group are handed the same object.
   */
  follow(node: ProxyNode, onSnapshot: OnSnapshot): SnapshotFeed;
  /**
   * Resolves once what is handed out is as new as anything that another replica may have handed out before the call, or when
   * `signal` aborts. Absent where there is nobody to be behind of.
   */
  readonly catchUp?: ((signal: AbortSignal) => Promise<void>) | undefined;
}
