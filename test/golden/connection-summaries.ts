// What golden cases show of connections: summaries of listeners, and of what clusters offer.
import type { XdsResource } from '../../src/envoy/resource.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { sluiceDomain } from '../../src/model/names.ts';

/** What each cluster's connections offer for requests over mutual TLS. */
export function offers({ name, json }: XdsResource): JsonObject {
  const { filter_metadata: metadata = {} } = (json['metadata'] ?? {}) as { readonly filter_metadata?: JsonObject };
  return { name, offers: (metadata[sluiceDomain] as JsonObject | undefined)?.['alpn'] ?? 'nothing' };
}

interface ChainJson {
  readonly name?: string;
  readonly filter_chain_match?: JsonObject;
  readonly filters: readonly { readonly name: string; readonly typed_config: JsonObject }[];
  readonly transport_socket?: { readonly typed_config: { readonly common_tls_context: JsonObject } };
}

/** What each filter chain takes, and what it does with it. */
export function chains({ json }: XdsResource): JsonObject[] {
  return (json['filter_chains'] as unknown as ChainJson[]).map(
    ({ name = '', filter_chain_match, filters, ...more }) => ({
      name,
      match: filter_chain_match ?? {},
      ...(more.transport_socket && {
        tls: more.transport_socket.typed_config.common_tls_context['alpn_protocols'] ?? [],
      }),
      filters: filters.map((filter) => ({ name: filter.name, stat_prefix: filter.typed_config['stat_prefix'] ?? '' })),
    }),
  );
}

/** What looks into a listener's connections, and where it does not. */
export function listenerFilters({ json }: XdsResource): JsonObject[] {
  const filters = (json['listener_filters'] ?? []) as unknown as readonly JsonObject[];
  return filters.map(({ name = '', filter_disabled = null }) => ({ name, filter_disabled }));
}

/** The route configuration behind a gRPC client's target. */
export function apiTarget({ name, json }: XdsResource): JsonObject {
  const { api_listener: api } = (json['api_listener'] ?? {}) as { readonly api_listener?: JsonObject };
  const { route_config_name: routes = '' } = (api?.['rds'] ?? {}) as JsonObject;
  return { name, routes };
}
