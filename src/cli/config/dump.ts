// Envoy's own dump (`/config_dump?include_eds`, envoy.admin.v3.ConfigDump), from its admin port or a file.
import { redact } from '../../envoy/redact.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { UsageError } from '../command.ts';
import { getJson, readJsonFile } from '../read-json.ts';
import { type Address, formatAddress } from '../serve/address.ts';
import { listAt, textAt, valueAt } from '../translate/envoy-json.ts';
import { type ConfigLists, nameOf } from './lists.ts';

export interface Dump {
  readonly lists: ConfigLists;
  /** Names of clusters and listeners that have arrived and are not in force yet. */
  readonly warming: readonly string[];
}

/** Asks the Envoy whose admin port this is. Throws UsageError where it does not answer. */
export async function dumpOf(admin: Address): Promise<Dump> {
  const what = `Envoy's admin port at ${formatAddress(admin)}`;
  const advice = 'is Envoy running there? --admin takes the address of its admin port';
  const { status, body } = await getJson({
    url: `http://${formatAddress(admin)}/config_dump?include_eds`,
    what,
    advice,
  });
  if (status !== 200) throw new UsageError(`${what} answered ${status}: ${String(body)}`);
  return readDump(body, what);
}

/** Reads a dump from a file; `-` is standard input. */
export async function dumpIn(path: string): Promise<Dump> {
  return readDump(await readJsonFile(path), path === '-' ? 'standard input' : path);
}

/** Where a dump has resources: the section's type, the list in it, and the way to the resource inside an entry. */
type Place = readonly [section: string, list: string, ...path: readonly string[]];

const places = {
  clusters: [
    ['ClustersConfigDump', 'static_clusters', 'cluster'],
    ['ClustersConfigDump', 'dynamic_active_clusters', 'cluster'],
  ],
  endpoints: [
    ['EndpointsConfigDump', 'static_endpoint_configs', 'endpoint_config'],
    ['EndpointsConfigDump', 'dynamic_endpoint_configs', 'endpoint_config'],
  ],
  listeners: [
    ['ListenersConfigDump', 'static_listeners', 'listener'],
    ['ListenersConfigDump', 'dynamic_listeners', 'active_state', 'listener'],
  ],
  routes: [
    ['RoutesConfigDump', 'static_route_configs', 'route_config'],
    ['RoutesConfigDump', 'dynamic_route_configs', 'route_config'],
  ],
  secrets: [
    ['SecretsConfigDump', 'static_secrets', 'secret'],
    ['SecretsConfigDump', 'dynamic_active_secrets', 'secret'],
  ],
  warming: [
    ['ClustersConfigDump', 'dynamic_warming_clusters', 'cluster'],
    ['ListenersConfigDump', 'dynamic_listeners', 'warming_state', 'listener'],
  ],
} as const satisfies Readonly<Record<string, readonly Place[]>>;

function readDump(json: JsonValue, what: string): Dump {
  const sections = listAt(json, 'configs');
  if (sections.length === 0) throw new UsageError(`${what} has no config dump of an Envoy: it comes from /config_dump`);
  const at = ([section, list, ...path]: Place): readonly JsonObject[] =>
    sections
      .filter((each) => textAt(each, '@type') === `type.googleapis.com/envoy.admin.v3.${section}`)
      .flatMap((each) => listAt(each, list))
      .map((entry) => valueAt(entry, ...path))
      .filter(isObject);
  const all = (name: keyof typeof places): readonly JsonObject[] => places[name].flatMap(at).map(redact);
  const bootstrap = sections.map((section) => section['bootstrap']).find(isObject);
  return {
    lists: {
      bootstrap: bootstrap === undefined ? null : redact(bootstrap),
      clusters: all('clusters'),
      endpoints: all('endpoints'),
      listeners: all('listeners'),
      routes: all('routes'),
      secrets: all('secrets'),
    },
    warming: all('warming').map(nameOf),
  };
}
