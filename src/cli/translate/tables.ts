// Envoy's configuration for the eye: a table for each type, with the columns that Istio's users know.
import type { XdsResource } from '../../envoy/resource.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { objectName } from '../../model/object.ts';
import { table } from '../terminal.ts';
import { addressAt, listAt, textAt, valueAt } from './envoy-json.ts';

/** What a table needs to know of a resource. */
export type ShownResource = Pick<XdsResource, 'name' | 'json' | 'origins'>;

interface View {
  readonly headings: readonly string[];
  /** The rows of one resource. */
  readonly rows: (resource: ShownResource) => readonly (readonly string[])[];
}

const clusters: View = {
  headings: ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'LB POLICY', 'RULE'],
  rows: ({ name, json, origins }) => {
    const parts = name.split('|');
    const [direction = '', port = '', subset = '', host = ''] = parts.length === 4 ? parts : ['', '', '', name];
    const inbound =
      direction === 'inbound' ? textAt(json, 'metadata', 'filter_metadata', 'istio', 'services', 0, 'host') : '';
    const rules = origins.map(({ object }) => objectName(object)).filter(({ kind }) => kind === 'DestinationRule');
    const rule = [...new Set(rules.map((each) => `${each.namespace}/${each.name}`))].join(',');
    return [[host || inbound, port, subset, direction, discoveryType(json), lbPolicy(json), rule]];
  },
};

/** By the words that Istio's users know; the last word of an extension that has none. */
function discoveryType(json: JsonObject): string {
  const extension = textAt(json, 'cluster_type', 'name');
  if (extension === '') return textAt(json, 'type');
  if (extension !== 'envoy.cluster.dns') return extension.slice(extension.lastIndexOf('.') + 1).toUpperCase();
  const single = valueAt(json, 'cluster_type', 'typed_config', 'all_addresses_in_single_endpoint') === true;
  return single ? 'LOGICAL_DNS' : 'STRICT_DNS';
}

/** Envoy's name of the policy; for one given as an extension, the extension's last word. */
function lbPolicy(json: JsonObject): string {
  const extension = textAt(json, 'load_balancing_policy', 'policies', 0, 'typed_extension_config', 'name');
  if (extension !== '') return extension.slice(extension.lastIndexOf('.') + 1).toUpperCase();
  return textAt(json, 'lb_policy') || 'ROUND_ROBIN';
}

const endpoints: View = {
  headings: ['ENDPOINT', 'STATUS', 'WEIGHT', 'PRIORITY', 'LOCALITY', 'CLUSTER'],
  rows: ({ name, json }) => {
    const rows = listAt(json, 'endpoints').flatMap((group) => {
      const locality = ['region', 'zone', 'sub_zone'].map((part) => textAt(group, 'locality', part));
      return listAt(group, 'lb_endpoints').map((endpoint) => [
        addressAt(endpoint, 'endpoint', 'address'),
        textAt(endpoint, 'health_status') || 'HEALTHY',
        textAt(endpoint, 'load_balancing_weight') || '1',
        textAt(group, 'priority') || '0',
        locality.filter((part) => part !== '').join('/'),
        name,
      ]);
    });
    return rows.length > 0 ? rows : [['', 'NONE', '', '', '', name]];
  },
};

const listeners: View = {
  headings: ['LISTENER', 'ADDRESS', 'MATCH', 'DESTINATION'],
  rows: ({ name, json }) => {
    const fallback = valueAt(json, 'default_filter_chain');
    const chains = [...listAt(json, 'filter_chains'), ...(isObject(fallback) ? [fallback] : [])];
    const api = valueAt(json, 'api_listener', 'api_listener');
    const rows = chains.map((chain) => [chainMatch(chain), chainDestination(chain)]);
    if (isObject(api)) rows.push(['ALL', destination(api)]);
    return (rows.length > 0 ? rows : [['', '']]).map((row) => [name, addressAt(json, 'address'), ...row]);
  },
};

function chainMatch(chain: JsonObject): string {
  const match = valueAt(chain, 'filter_chain_match');
  if (!isObject(match)) return 'ALL';
  const port = textAt(match, 'destination_port');
  const protocols = valueAt(match, 'application_protocols');
  const parts = [
    ...(port === '' ? [] : [`port ${port}`]),
    ...(Array.isArray(protocols) ? [`ALPN ${protocols.join(',')}`] : []),
    ...(Array.isArray(match['server_names']) ? [`SNI ${match['server_names'].join(',')}`] : []),
  ];
  return parts.length > 0 ? parts.join(' ') : textAt(match, 'transport_protocol') || 'ALL';
}

/** Where the last filter of a chain leads: a route configuration or a cluster. */
function chainDestination(chain: JsonObject): string {
  return destination(valueAt(listAt(chain, 'filters').at(-1), 'typed_config'));
}

function destination(config: JsonValue | undefined): string {
  const route = textAt(config, 'rds', 'route_config_name');
  if (route !== '') return `Route: ${route}`;
  const inline = valueAt(config, 'route_config');
  if (isObject(inline)) return `Inline route: ${routeTargets(inline).join(', ')}`;
  const cluster = textAt(config, 'cluster') || weightedClusters(config);
  return cluster === '' ? '' : `Cluster: ${cluster}`;
}

function routeTargets(configuration: JsonObject): readonly string[] {
  return listAt(configuration, 'virtual_hosts').flatMap((host) => listAt(host, 'routes').map(routeTarget));
}

const routes: View = {
  headings: ['ROUTE', 'VHOST', 'DOMAINS', 'MATCH', 'DESTINATION', 'HASH'],
  rows: ({ name, json }) =>
    listAt(json, 'virtual_hosts').flatMap((host) =>
      listAt(host, 'routes').map((route) => [
        name,
        textAt(host, 'name'),
        domains(host),
        routeMatch(route),
        routeTarget(route),
        listAt(route, 'route', 'hash_policy').map(hashPolicy).join(', '),
      ]),
    ),
};

/** The shortest domain; the rest as a number, as there may be many. */
function domains(host: JsonObject): string {
  const all = valueAt(host, 'domains');
  if (!Array.isArray(all)) return '';
  const [shortest = ''] = all.map(String).sort((a, b) => a.length - b.length);
  return all.length > 1 ? `${shortest} + ${all.length - 1} more` : shortest;
}

/** The path, and the names of what else has to be so. */
function routeMatch({ match }: JsonObject): string {
  const prefix = textAt(match, 'prefix');
  const exact = textAt(match, 'path') || textAt(match, 'path_separated_prefix');
  const path = prefix === '' ? exact || textAt(match, 'safe_regex', 'regex') : `${prefix}*`;
  const headers = listAt(match, 'headers').map(
    (header) => `${header['invert_match'] === true ? 'no ' : ''}${textAt(header, 'name')}`,
  );
  const parameters = listAt(match, 'query_parameters').map((each) => `?${textAt(each, 'name')}`);
  return [path, ...headers, ...parameters].join(', ');
}

/** Each cluster behind its weight. */
function weightedClusters(action: JsonValue | undefined): string {
  const clusters = listAt(action, 'weighted_clusters', 'clusters');
  return clusters.map((each) => `${textAt(each, 'weight')} ${textAt(each, 'name')}`).join(', ');
}

function routeTarget(route: JsonObject): string {
  const status = textAt(route, 'direct_response', 'status');
  if (status !== '') return `answers ${status}`;
  const redirect = textAt(route, 'redirect', 'response_code');
  if (redirect !== '') return `redirects ${redirect}`;
  return textAt(route, 'route', 'cluster') || weightedClusters(valueAt(route, 'route'));
}

function hashPolicy(policy: JsonObject): string {
  const header = textAt(policy, 'header', 'header_name');
  const cookie = textAt(policy, 'cookie', 'name');
  const parameter = textAt(policy, 'query_parameter', 'name');
  if (header !== '') return `header ${header}`;
  if (cookie !== '') return `cookie ${cookie}`;
  if (textAt(policy, 'filter_state', 'key') !== '') return 'the channel';
  return parameter === '' ? 'source IP' : `query ${parameter}`;
}

const secretTypes = ['tls_certificate', 'validation_context', 'session_ticket_keys', 'generic_secret'];

const secrets: View = {
  headings: ['SECRET', 'TYPE'],
  rows: ({ name, json }) => [[name, secretTypes.filter((type) => valueAt(json, type) !== undefined).join()]],
};

const views = { clusters, endpoints, listeners, routes, secrets } as const;

/** Tables of the resources, by the name of their list; kinds of which there are none are left out. */
export function resourceTables(lists: { readonly [K in keyof typeof views]: readonly ShownResource[] }): string {
  return (['clusters', 'endpoints', 'listeners', 'routes', 'secrets'] as const)
    .filter((list) => lists[list].length > 0)
    .map((list) => table(views[list].headings, lists[list].flatMap(views[list].rows)))
    .join('\n');
}
