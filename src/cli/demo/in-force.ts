// Whether a running Envoy has exactly what the control plane last published for it, read from Envoy's own dump.
import { deepEqual } from 'fast-equals';
import { decodeMessage, encodeMessage } from '../../envoy/protojson.ts';
import type { ResourceTable } from '../../envoy/resource.ts';
import { messageNames, type ResourceKind } from '../../envoy/types.ts';
import type { ActiveConfig } from '../../inject/envoy-admin.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { memo } from '../../lib/memo.ts';
import type { Snapshot } from '../../xds/snapshot.ts';

/** What Envoy has not taken over yet, in words; empty when all of the snapshot is in force. */
export function notInForce(snapshot: Snapshot, config: ActiveConfig): readonly string[] {
  return [
    ...config.warming.map((name) => `${name} is warming`),
    ...differing('cluster', snapshot.cluster, config.clusters),
    ...differing('listener', snapshot.listener, config.listeners),
    ...differing('route', namedIn(snapshot.route, config.routes), config.routes),
    ...differingEndpoints(discovered(snapshot), config.endpoints),
  ];
}

function differing(kind: ResourceKind, wanted: ResourceTable, actual: ReadonlyMap<string, JsonObject>): string[] {
  const surplus = [...actual.keys()].filter((name) => !wanted.has(name));
  const changed = [...wanted.values()].filter(({ name, json }) => {
    const held = actual.get(name);
    return held === undefined || !deepEqual(normal(json, kind), normal(held, kind));
  });
  return [...surplus, ...changed.map(({ name }) => name)].map((name) => `${kind} ${name} differs`);
}

/** One form for one message, however its JSON was written. */
const normal = memo((json: JsonObject, kind: ResourceKind): JsonObject => {
  const { '@type': _, ...message } = json;
  const type = messageNames[kind];
  return withoutKeys(decodeMessage(type, encodeMessage(type, message))) as JsonObject;
});

/** Envoy shows nothing of private keys, not even where they are. */
function withoutKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutKeys);
  if (!isObject(value)) return value;
  const shown = Object.entries(value).filter(([field]) => field !== 'privateKey' && field !== 'private_key');
  return Object.fromEntries(shown.map(([field, each]) => [field, withoutKeys(each)]));
}

/** Routes that no listener names are not asked for. */
function namedIn(table: ResourceTable, names: ReadonlyMap<string, unknown>): ResourceTable {
  return new Map([...table].filter(([name]) => names.has(name)));
}

/** Endpoints of clusters that have none are not asked for. */
function discovered({ cluster, endpoint }: Snapshot): ResourceTable {
  return new Map([...endpoint].filter(([name]) => cluster.get(name)?.json['type'] === 'EDS'));
}

// Envoy prints endpoints as it uses them, with all defaults written out, so only what decides is compared.
function differingEndpoints(wanted: ResourceTable, actual: ReadonlyMap<string, JsonObject>): string[] {
  return [...wanted.values()]
    .filter(({ name, json }) => {
      const held = actual.get(name);
      return held === undefined || hosts(json).join() !== hosts(held).join();
    })
    .map(({ name }) => `endpoints of ${name} differ`);
}

function hosts(assignment: JsonObject): readonly string[] {
  return objects(assignment['endpoints'])
    .flatMap((locality) =>
      objects(locality['lb_endpoints']).map((entry) => `${host(entry)} ${locality['priority'] ?? 0}`),
    )
    .sort();
}

function host(entry: JsonObject): string {
  const address = field(field(field(entry, 'endpoint'), 'address'), 'socket_address');
  const health = entry['health_status'] === 'UNHEALTHY' ? 'UNHEALTHY' : 'HEALTHY';
  return `${address['address']} ${address['port_value']} ${health} ${entry['load_balancing_weight'] ?? 1}`;
}

function field(json: JsonObject, name: string): JsonObject {
  const value = json[name];
  return isObject(value) ? value : {};
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
