// Summaries of what a translation gives, for cases that are about what there is rather than what is in it.
import type { XdsResource } from '../../src/envoy/resource.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { circuitBreakers } from '../../src/translate/emit/connection-limits.ts';
import type { Resources } from '../../src/translate/emit/resources.ts';

/** What stands in nearly every cluster. */
export const usualFields: Readonly<Record<string, string>> = {
  connect_timeout: '"10s"',
  circuit_breakers: JSON.stringify(circuitBreakers),
  common_lb_config: '{"healthy_panic_threshold":{"value":0}}',
};

interface ChainJson {
  readonly name?: string;
  readonly filters: readonly { readonly typed_config: JsonObject }[];
}

const isSpecial = (name: string): boolean => name.endsWith('Cluster');

function withoutUsual(json: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([key, value]) => JSON.stringify(value) !== usualFields[key]));
}

/** What there is, by kind; of route configurations the virtual hosts. */
function names(resources: Resources): JsonObject {
  const hosts = ({ json }: XdsResource) =>
    (json as unknown as { virtual_hosts: { name: string }[] }).virtual_hosts.map(({ name }) => name);
  return {
    clusters: [...resources.cluster.keys()].filter((name) => !isSpecial(name)),
    listeners: [...resources.listener.keys()],
    routes: Object.fromEntries([...resources.route.values()].map((each) => [each.name, hosts(each)])),
  };
}

/** What decides about requests before their routes do. */
function manager({ json }: XdsResource): JsonObject {
  const [first] = json['filter_chains'] as unknown as ChainJson[];
  const { rds: _rds, http_filters: _filters, '@type': _type, ...config } = first?.filters[0]?.typed_config ?? {};
  return config;
}

/** Where each listener and each route configuration sends what no service takes. */
function fallbacks(resources: Resources): JsonObject[] {
  const listeners = [...resources.listener.values()].flatMap(({ name, json }) => {
    const chain = json['default_filter_chain'] as unknown as ChainJson | undefined;
    return chain === undefined
      ? []
      : [{ listener: name, chain: chain.name ?? '', to: chain.filters[0]?.typed_config['cluster'] ?? '' }];
  });
  const routes = [...resources.route.values()].flatMap(({ name, json }) => {
    const last = (json as unknown as { virtual_hosts: { name: string; routes: JsonObject[] }[] }).virtual_hosts.at(-1);
    const route = last?.routes[0]?.['route'] as JsonObject | undefined;
    return [
      { route: name, host: last?.name ?? '', to: route?.['cluster'] ?? last?.routes[0]?.['direct_response'] ?? '' },
    ];
  });
  return [...listeners, ...routes];
}

const statName = ({ name, json }: XdsResource): JsonObject => ({ name, alt_stat_name: json['alt_stat_name'] ?? '' });

/** The summaries that `show` asks for. */
export function sidecarSummaries(resources: Resources, show: readonly string[]): JsonObject[] {
  const clusters = [...resources.cluster.values()].filter(({ name }) => !isSpecial(name));
  const inbound = clusters.filter(({ name }) => name.startsWith('inbound|'));
  const managed = [...resources.listener.values()].filter(({ name }) => show.includes(`managers ${name}`));
  return [
    ...(show.includes('names') ? [names(resources)] : []),
    ...(show.includes('fallbacks') ? fallbacks(resources) : []),
    ...(show.includes('stat-names') ? clusters.map(statName) : []),
    ...(show.includes('inbound') ? inbound.map(({ json }) => withoutUsual(json)) : []),
    ...managed.map(manager),
  ];
}
