// Who may do what: envoy.extensions.filters.http.rbac.v3.RBAC for requests, filters.network.rbac.v3.RBAC for connections.
import type { JsonObject } from '../../../lib/json.ts';
import { memo } from '../../../lib/memo.ts';
import type { AuthorizationPolicy } from '../../../model/authorization.ts';
import { blackHoleCluster } from '../../../model/names.ts';
import { emitAuthorization, nobodyPasses } from '../authorization/rules.ts';
import { tcpProxy } from '../tcp-proxy.ts';

const httpType = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const networkType = 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC';

/** The HTTP filters, before all that does something with a request. */
export const requestAuthorization = memo((policies: readonly AuthorizationPolicy[]): readonly JsonObject[] =>
  emitAuthorization(policies, 'http').map((rules) => ({
    name: 'envoy.filters.http.rbac',
    typed_config: { '@type': httpType, ...rules },
  })),
);

/**
 * The network filters before the one that hands a connection on. Envoy asks them when the caller's first bytes come, and a
 * workload that speaks first would be heard till then: where nobody is let in, nothing leads there.
 */
export function guardedConnection(policies: readonly AuthorizationPolicy[], filter: JsonObject): readonly JsonObject[] {
  return [...connectionGuards(policies), nobodyPasses(policies) ? tcpProxy(blackHoleCluster, null) : filter];
}

const connectionGuards = memo((policies: readonly AuthorizationPolicy[]): readonly JsonObject[] =>
  emitAuthorization(policies, 'tcp').map((rules) => ({
    name: 'envoy.filters.network.rbac',
    typed_config: { '@type': networkType, stat_prefix: 'tcp.', ...rules },
  })),
);
