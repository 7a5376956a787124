// Who may do what: envoy.extensions.filters.http.rbac.v3.RBAC for requests, filters.network.rbac.v3.RBAC for connections.
import type { JsonObject } from '../../../lib/json.ts';
import { memo } from '../../../lib/memo.ts';
import type { AuthorizationPolicy } from '../../../model/authorization.ts';
import { emitAuthorization } from '../authorization/rules.ts';

const httpType = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const networkType = 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC';

/** The HTTP filters, before all that does something with a request. */
export const requestAuthorization = memo((policies: readonly AuthorizationPolicy[]): readonly JsonObject[] =>
  emitAuthorization(policies, 'http').map((rules) => ({
    name: 'envoy.filters.http.rbac',
    typed_config: { '@type': httpType, ...rules },
  })),
);

/** The network filters before the one that hands a connection on. */
export const connectionAuthorization = memo((policies: readonly AuthorizationPolicy[]): readonly JsonObject[] =>
  emitAuthorization(policies, 'tcp').map((rules) => ({
    name: 'envoy.filters.network.rbac',
    typed_config: { '@type': networkType, stat_prefix: 'tcp.', ...rules },
  })),
);
