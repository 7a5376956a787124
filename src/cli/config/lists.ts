// A proxy's configuration as lists of Envoy's JSON, whatever it comes from.
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { sortedBy } from '../../lib/sorted.ts';
import { sluiceDomain } from '../../model/names.ts';
import { objectId } from '../../model/object.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import { listAt, textAt, valueAt } from '../translate/envoy-json.ts';
import type { ShownResource } from '../translate/tables.ts';

export interface ConfigLists {
  readonly bootstrap: JsonObject | null;
  readonly clusters: readonly JsonObject[];
  readonly endpoints: readonly JsonObject[];
  readonly listeners: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
  readonly secrets: readonly JsonObject[];
}

export const listNames = ['clusters', 'endpoints', 'listeners', 'routes', 'secrets'] as const;
export type ListName = (typeof listNames)[number];

export const nameOf = (json: JsonObject): string => textAt(json, 'name') || textAt(json, 'cluster_name');

/** The lists of these names, as far as a resource has `part` in its name; the others are empty. */
export function select(lists: ConfigLists, wanted: readonly string[], part: string): ConfigLists {
  const list = (name: ListName): readonly JsonObject[] =>
    wanted.includes(name)
      ? sortedBy(
          lists[name].filter((json) => nameOf(json).includes(part)),
          nameOf,
        )
      : [];
  return {
    bootstrap: wanted.includes('bootstrap') ? lists.bootstrap : null,
    clusters: list('clusters'),
    endpoints: list('endpoints'),
    listeners: list('listeners'),
    routes: list('routes'),
    secrets: list('secrets'),
  };
}

/** A resource for the tables; the objects behind it are those that its metadata names. */
export function shown(json: JsonObject): ShownResource {
  const objects = listAt(json, 'metadata', 'filter_metadata', sluiceDomain, 'objects');
  return { name: nameOf(json), json, origins: objects.map(originIn) };
}

function originIn(object: JsonObject): Origin {
  const part = (field: string): string => textAt(object, field).replaceAll('/', '');
  return originOf(objectId({ group: '', kind: part('kind'), namespace: part('namespace'), name: part('name') }));
}

/** What an Envoy starts with, field by field. */
export function bootstrapRows(bootstrap: JsonObject): readonly (readonly string[])[] {
  const node = valueAt(bootstrap, 'node');
  const build = valueAt(node, 'user_agent_build_version');
  const version = ['major_number', 'minor_number', 'patch'].map((part) => textAt(build, 'version', part) || '0');
  const admin = valueAt(bootstrap, 'admin', 'address', 'socket_address');
  const names = (value: JsonValue | undefined): string =>
    (Array.isArray(value) ? value : []).filter(isObject).map(nameOf).join(', ');
  return [
    ['node id', textAt(node, 'id')],
    ['node cluster', textAt(node, 'cluster')],
    ['Envoy', isObject(build) ? version.join('.') : ''],
    ['admin', isObject(admin) ? `${textAt(admin, 'address')}:${textAt(admin, 'port_value')}` : ''],
    ['xDS', textAt(bootstrap, 'dynamic_resources', 'ads_config', 'api_type')],
    ['static clusters', names(valueAt(bootstrap, 'static_resources', 'clusters'))],
    ['static listeners', names(valueAt(bootstrap, 'static_resources', 'listeners'))],
  ];
}
