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

const isGuard = ({ name }: { readonly name: string }): boolean => name.endsWith('.rbac');
type FilterJson = ChainJson['filters'][number];

/** What of a chain decides who may do what, without the names of types. */
function guardsOf({ filters }: ChainJson): JsonObject {
  const manager = filters.find(({ name }) => name.endsWith('http_connection_manager'))?.typed_config;
  const http = (manager?.['http_filters'] ?? []) as unknown as readonly FilterJson[];
  const rules = (all: readonly FilterJson[]) =>
    all.filter(isGuard).map(({ typed_config: { '@type': _type, stat_prefix: _prefix, ...fields } }) => fields);
  const found = { connections: rules(filters), requests: rules(http) };
  return Object.fromEntries(Object.entries(found).filter(([, each]) => each.length > 0));
}

/** Who may do what, for each set of filter chains where that is the same. */
export function guards({ json }: XdsResource): JsonObject[] {
  const { filter_chains: chosen, default_filter_chain: rest } = json as unknown as {
    readonly filter_chains: readonly ChainJson[];
    readonly default_filter_chain?: ChainJson;
  };
  const all = [...chosen, ...(rest === undefined ? [] : [{ ...rest, name: 'default' }])];
  const label = ({ name = '', filter_chain_match: match }: ChainJson): string =>
    [name, match?.['transport_protocol'] ?? '', match?.['destination_port'] ?? '']
      .filter((each) => each !== '')
      .join(' ');
  const same = Map.groupBy(all, (chain) => JSON.stringify(guardsOf(chain)));
  return [...same.values()].map((some) => ({ chains: some.map(label), ...some.slice(0, 1).map(guardsOf)[0] }));
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
