// Which of the wanted kinds an API has, in which version.

import { ApiError, type KubeApi } from '../../kube/api.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { Resource, WantedKind } from './resource.ts';
import type { KubeTimers } from './timers.ts';

export interface DiscoveryOptions {
  readonly api: KubeApi;
  readonly wanted: readonly WantedKind[];
  readonly timers: KubeTimers;
  readonly signal: AbortSignal;
}

/** Throws as the API does; a group that is not there has no kinds. */
export async function discover(options: DiscoveryOptions): Promise<readonly Resource[]> {
  const byGroup = Map.groupBy(options.wanted, ({ group }) => group);
  const found = await Promise.all([...byGroup].map(([group, wanted]) => inGroup(group, wanted, options)));
  return found.flat();
}

async function inGroup(
  group: string,
  wanted: readonly WantedKind[],
  options: DiscoveryOptions,
): Promise<readonly Resource[]> {
  const served = group === '' ? ['v1'] : await versionsOf(group, options);
  const asked = new Set(wanted.flatMap(({ versions }) => versions).filter((version) => served.includes(version)));
  const base = group === '' ? '/api' : `/apis/${group}`;
  const lists = await Promise.all(
    [...asked].map(async (version) => [version, await get(`${base}/${version}`, options)] as const),
  );
  const kinds = new Map(lists.map(([version, list]) => [version, pluralsOf(list)]));
  return wanted.flatMap((kind) => {
    const version = kind.versions.find((each) => kinds.get(each)?.has(kind.kind));
    const plural = version === undefined ? undefined : kinds.get(version)?.get(kind.kind);
    return version === undefined || plural === undefined ? [] : [{ wanted: kind, version, plural }];
  });
}

async function versionsOf(group: string, options: DiscoveryOptions): Promise<readonly string[]> {
  const answer = await get(`/apis/${group}`, options);
  return itemsOf(answer?.['versions']).flatMap(({ version }) => (typeof version === 'string' ? [version] : []));
}

/** By kind; parts of objects, such as their status, have paths of their own. */
function pluralsOf(list: JsonObject | null): ReadonlyMap<string, string> {
  return new Map(
    itemsOf(list?.['resources']).flatMap(({ name, kind }) =>
      typeof name === 'string' && typeof kind === 'string' && !name.includes('/') ? [[kind, name] as const] : [],
    ),
  );
}

const itemsOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** Null where there is no such group or version. */
async function get(path: string, { api, timers, signal }: DiscoveryOptions): Promise<JsonObject | null> {
  try {
    return await api.json({ path, signal, idle: timers.answer });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
