// From objects to what a proxy gets: the stage that the loop and the commands call.
import type { ResourceTable } from '../envoy/resource.ts';
import type { ResourceKind } from '../envoy/types.ts';
import type { Outcome } from '../model/diagnostic.ts';
import type { Mesh } from '../model/mesh.ts';
import type { ObjectSet } from '../model/object.ts';
import type { ProxyGroup, ProxyNode } from '../model/proxy.ts';

export interface TranslateOptions {
  readonly allowLoopbackEndpoints: boolean;
}

export type Resources = { readonly [K in ResourceKind]: ResourceTable };

export interface Translator {
  /** The mesh that the objects mean. Parts that do not differ from the last call's keep their identity. */
  resolve(objects: ObjectSet): Outcome<Mesh>;
  /** The group of a proxy; equal groups are one object. */
  group(mesh: Mesh, node: ProxyNode): ProxyGroup;
  /** What proxies of the group get. Tables that do not differ from the last call's for this group keep their identity. */
  emit(mesh: Mesh, group: ProxyGroup): Outcome<Resources>;
}
