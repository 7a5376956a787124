// From objects to what a proxy gets: the stage that the loop and the commands call.
import { type ResourceTable, sameResource, type XdsResource } from '../envoy/resource.ts';
import { type ResourceKind, resourceKinds } from '../envoy/types.ts';
import { memo } from '../lib/memo.ts';
import type { Steps } from '../lib/slices.ts';
import { StableTable } from '../lib/stable-table.ts';
import { differingKeys } from '../lib/tracked-calls.ts';
import type { Outcome } from '../model/diagnostic.ts';
import type { Mesh } from '../model/mesh.ts';
import type { ObjectSet } from '../model/object.ts';
import type { ProxyGroup, ProxyNode } from '../model/proxy.ts';
import { emitResources, prepareResources, type Resources } from './emit/resources.ts';
import { MeshResolver } from './resolve/mesh.ts';
import { likeGroup, proxyGroup } from './resolve/proxy-group.ts';
import { sightOf } from './resolve/sight.ts';
import { encodingError, sendable } from './sendable.ts';

export interface TranslateOptions {
  /** Let loopback addresses be endpoints: for trying things out on one machine. */
  readonly allowLoopbackEndpoints: boolean;
}

type Tables = { readonly [K in keyof Resources]: StableTable<string, XdsResource> };

/** Remembered, for `prepare` has asked before `emit` does. */
const isSame = memo(sameResource);

const newTables = (): Tables =>
  Object.fromEntries(resourceKinds.map((kind) => [kind, new StableTable(isSame)])) as unknown as Tables;

/** The resources that are not those of `before`. */
function* differing(before: ResourceTable | undefined, after: ResourceTable): Iterable<readonly [string, XdsResource]> {
  if (before === undefined) return yield* after;
  for (const name of differingKeys(before, after)) {
    const resource = after.get(name);
    if (resource !== undefined) yield [name, resource];
  }
}

/**
 * Translates one object set after another. What did not change is the same object as the last time, part by part and
 * resource by resource; the result is equal to that of a translator that never saw anything before.
 */
export class Translator {
  readonly #resolver: MeshResolver;
  readonly #tables = new WeakMap<ProxyGroup, Tables>();
  /** What was emitted last, before it was compared with what was there. */
  readonly #emitted = new WeakMap<ProxyGroup, Resources>();
  readonly #sendable = new WeakMap<ProxyGroup, Resources>();

  constructor(options: TranslateOptions) {
    this.#resolver = new MeshResolver(options);
  }

  /** The mesh that the objects mean. */
  resolve(objects: ObjectSet): Outcome<Mesh> {
    return this.#resolver.resolve(objects);
  }

  /** The group of a proxy; equal groups are one object. */
  group(mesh: Mesh, node: ProxyNode): ProxyGroup {
    return proxyGroup(mesh, node);
  }

  /** Makes the parts of what proxies of the group get, so that `emit` finds them made. */
  *prepare(mesh: Mesh, asking: ProxyGroup): Steps {
    const group = likeGroup(mesh, asking);
    const sight = sightOf(mesh, group);
    yield* prepareResources(sight, group);
    yield;
    const { value } = emitResources(sight, group);
    const tables = this.#tables.get(group);
    for (const kind of resourceKinds) {
      for (const [name, resource] of differing(this.#emitted.get(group)?.[kind], value[kind])) {
        const before = tables?.[kind].get(name);
        if (before === resource) continue;
        yield;
        const kept = tables?.[kind].kept(name, resource) ?? resource;
        for (const [index, part] of (kept.parts ?? []).entries()) {
          if (part === before?.parts?.[index]) continue;
          encodingError(part);
          yield;
        }
        encodingError(kept);
      }
    }
  }

  /** What proxies of the group get. */
  emit(mesh: Mesh, asking: ProxyGroup): Outcome<Resources> {
    const group = likeGroup(mesh, asking);
    const { value, diagnostics } = emitResources(sightOf(mesh, group), group);
    const tables = this.#tables.get(group) ?? newTables();
    this.#tables.set(group, tables);
    this.#emitted.set(group, value);
    const before = this.#sendable.get(group);
    const found = [...diagnostics];
    const stable = (kind: ResourceKind): ResourceTable => {
      const { table, diagnostics: failed } = sendable(tables[kind].update(value[kind]), before?.[kind]);
      for (const each of failed) found.push(each);
      return table;
    };
    const resources = {
      cluster: stable('cluster'),
      endpoint: stable('endpoint'),
      listener: stable('listener'),
      route: stable('route'),
    };
    this.#sendable.set(group, resources);
    return { value: resources, diagnostics: found };
  }
}
