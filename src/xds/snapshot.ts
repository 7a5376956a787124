// What one group of proxies may see at one moment, and who hands it to the server.
import type { ResourceTable } from '../envoy/resource.ts';
import type { ResourceKind } from '../envoy/types.ts';
import type { ProxyNode } from '../model/proxy.ts';

/** Immutable; a table keeps its identity from one snapshot to the next while nothing in it differs. */
export type Snapshot = { readonly [K in ResourceKind]: ResourceTable };

export interface SnapshotFeed {
  close(): void;
}

/** The server's view of the control plane: it knows proxies and snapshots, and nothing of how snapshots are made. */
export interface SnapshotProvider {
  /**
   * Calls `onSnapshot` at once with what the proxy may see, and again whenever that differs, until the feed is closed.
   * Proxies of one group are handed the same object.
   */
  follow(node: ProxyNode, onSnapshot: (snapshot: Snapshot) => void): SnapshotFeed;
  /** Called when a proxy has refused resources. `message` is Envoy's, at most 4 KiB. */
  refused(node: ProxyNode, kind: ResourceKind, message: string): void;
}
