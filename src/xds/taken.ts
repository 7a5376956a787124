// Whether the fault is the resource's or the proxy's: what another proxy of the group has taken is not bad for what it is.
import type { ResourceKind } from '../envoy/types.ts';
import { wants } from './due.ts';
import type { Culprit } from './refusal.ts';
import type { StreamState } from './stream-state.ts';
import { hostName, hostsByName } from './virtual-hosts.ts';

/** Whether the client of a stream has acknowledged what was at fault elsewhere, in the same form. */
export function hasTaken(state: StreamState, kind: ResourceKind, { resource, host }: Culprit): boolean {
  const { wanted, held, inFlight } = state.subscriptions[kind];
  const { name, version } = resource;
  // The table has also what the client never asked for.
  if (wanted === null || !wants(wanted, name)) return false;
  const has = held.table.get(name);
  if (has === undefined || held.except.has(name) || inFlight?.names.has(name) === true) return false;
  if (host === null) return has.version === version;
  return hostsByName(has).get(hostName(host))?.version === host.version;
}
