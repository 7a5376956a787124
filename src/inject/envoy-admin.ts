// What a running Envoy says of itself on its admin port.
import { get } from 'node:http';
import { isObject, type JsonObject, type JsonValue } from '../lib/json.ts';

/** Configuration that is in force, by resource name, in Envoy's own JSON (snake_case names). */
export interface ActiveConfig {
  readonly clusters: ReadonlyMap<string, JsonObject>;
  /** By the name under which endpoints are asked for (`eds_cluster_config.service_name`). */
  readonly endpoints: ReadonlyMap<string, JsonObject>;
  readonly listeners: ReadonlyMap<string, JsonObject>;
  readonly routes: ReadonlyMap<string, JsonObject>;
  /** Clusters and listeners that have arrived and are not in force yet. */
  readonly warming: readonly string[];
}

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

/** The largest answer that is read, in bytes. */
const longestAnswer = 256 * 1024 * 1024;

/** Reads the admin pages of one Envoy. Every call throws where the page cannot be read. */
export class EnvoyAdmin {
  readonly address: AdminAddress;

  constructor(address: AdminAddress) {
    this.address = address;
  }

  /** The text of a page such as `/clusters`; `status` is Envoy's HTTP status. */
  page(path: string, method: 'GET' | 'POST' = 'GET'): Promise<{ readonly status: number; readonly text: string }> {
    const { host, port } = this.address;
    return new Promise((resolve, reject) => {
      const request = get({ host, port, path, method, agent: false, timeout: 10_000 }, (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('data', (part: Buffer) => {
          size += part.length;
          if (size > longestAnswer) request.destroy(new Error(`${path}: the answer is too long`));
          else parts.push(part);
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
      });
      request.on('timeout', () => request.destroy(new Error(`${path}: no answer`)));
      request.on('error', reject);
    });
  }

  /** Whether Envoy has its first configuration and serves (`/ready`). */
  async ready(): Promise<boolean> {
    return (await this.page('/ready')).status === 200;
  }

  /** Counters and gauges by name. `filter` is an RE2 expression on names. */
  async stats(filter: string): Promise<ReadonlyMap<string, number>> {
    const page = await this.#json(`/stats?format=json&filter=${encodeURIComponent(filter)}`);
    const values = new Map<string, number>();
    for (const stat of objects(page['stats'])) {
      const { name, value } = stat;
      if (typeof name === 'string' && typeof value === 'number') values.set(name, value);
    }
    return values;
  }

  /** What came over xDS and is in force (`/config_dump?include_eds`). */
  async config(): Promise<ActiveConfig> {
    const dump = await this.#json('/config_dump?include_eds');
    const sections = new Map(objects(dump['configs']).map((section) => [String(section['@type']), section]));
    const section = (name: string): JsonObject => sections.get(`type.googleapis.com/envoy.admin.v3.${name}`) ?? {};
    const clusters = section('ClustersConfigDump');
    const listeners = section('ListenersConfigDump')['dynamic_listeners'];
    return {
      clusters: byName(objects(clusters['dynamic_active_clusters']), 'cluster', 'name'),
      endpoints: byName(
        objects(section('EndpointsConfigDump')['dynamic_endpoint_configs']),
        'endpoint_config',
        'cluster_name',
      ),
      listeners: byName(inState(listeners, 'active_state'), 'listener', 'name'),
      routes: byName(objects(section('RoutesConfigDump')['dynamic_route_configs']), 'route_config', 'name'),
      warming: [
        ...byName(objects(clusters['dynamic_warming_clusters']), 'cluster', 'name').keys(),
        ...byName(inState(listeners, 'warming_state'), 'listener', 'name').keys(),
      ],
    };
  }

  async #json(path: string): Promise<JsonObject> {
    const { status, text } = await this.page(path);
    const value: JsonValue = status === 200 ? JSON.parse(text) : null;
    if (!isObject(value)) throw new Error(`Envoy answered ${status} to ${path}`);
    return value;
  }
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function inState(listeners: JsonValue | undefined, state: string): readonly JsonObject[] {
  return objects(listeners)
    .map((listener) => listener[state])
    .filter(isObject);
}

function byName(items: readonly JsonObject[], part: string, key: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const item of items) {
    const { [part]: resource } = item;
    if (!isObject(resource)) continue;
    const name = resource[key];
    if (typeof name === 'string') found.set(name, resource);
  }
  return found;
}
