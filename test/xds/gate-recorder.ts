// I5: nothing that is sent on a stream names a cluster that the client has not acknowledged, unless it was sent before. Told by the model client what
// it does and what it is sent; knows nothing of the reducer's state.
import type { XdsResource } from '../../src/envoy/resource.ts';
import type { ResourceKind } from '../../src/envoy/types.ts';
import { label } from './resources.ts';

/** The content of a listener or a route configuration as it is written in resources.ts, in parts: `x:a`, `y:b`, `tcp:c`. */
export function contentOf(kind: ResourceKind, resource: XdsResource): readonly string[] {
  const text = label(kind, resource.json);
  return text.slice(text.indexOf('=') + 1).split(',');
}

/** The cluster that such a part names, or null. */
export function clusterIn(part: string): string | null {
  const [, cluster = '503'] = part.split(':');
  return cluster === '503' ? null : cluster;
}

export class GateRecorder {
  /** Whether the server knows that the client wants all clusters: only such a client can wait for them. */
  gated = false;
  /** The clusters that the client has acknowledged on this stream or brought to it, and still has. */
  readonly #confirmed = new Set<string>();
  /** What it was sent before it asked for all clusters, or held when the stream began: it has that anyway. */
  readonly #before = new Set<string>();
  /** By resource, the parts of the form that was sent last: to keep that is no news to the client. */
  readonly #last = new Map<string, readonly string[]>();

  /** The clusters whose endpoints a SotW client asks for: Envoy asks for no others. Null once it was told clusters. */
  #believed: ReadonlySet<string> | null = null;

  /** A new stream of a client that tells the server that it holds these clusters, and has these resources. */
  begin(clusters: Iterable<string>, resources: readonly (readonly [ResourceKind, XdsResource])[]): void {
    this.#believed = new Set();
    this.gated = false;
    this.#confirmed.clear();
    this.#before.clear();
    this.#last.clear();
    for (const name of clusters) this.#confirmed.add(name);
    for (const [kind, resource] of resources) this.#note(kind, resource);
  }

  asksForEndpoints(names: ReadonlySet<string>): void {
    if (this.#believed !== null) this.#believed = names;
  }

  acknowledged(clusters: Iterable<string>): void {
    for (const name of clusters) this.#confirmed.add(name);
  }

  /** The client has these clusters and no others. */
  retain(clusters: ReadonlyMap<string, unknown>): void {
    for (const name of [...this.#confirmed]) if (!clusters.has(name)) this.#confirmed.delete(name);
  }

  /** What is wrong with what is sent. */
  offences(kind: ResourceKind, resources: readonly XdsResource[]): readonly string[] {
    if (kind === 'cluster') this.#believed = null;
    if (kind !== 'route' && kind !== 'listener') return [];
    if (this.gated) {
      const found = resources.flatMap((resource) => this.#judge(kind, resource));
      for (const resource of resources) this.#last.set(`${kind} ${resource.name}`, contentOf(kind, resource));
      return found;
    }
    for (const resource of resources) this.#note(kind, resource);
    return [];
  }

  #judge(kind: ResourceKind, resource: XdsResource): readonly string[] {
    return contentOf(kind, resource).flatMap((part) => {
      const cluster = clusterIn(part);
      const sent = `${kind} ${resource.name} ${part}`;
      const kept = this.#before.has(sent) || this.#last.get(`${kind} ${resource.name}`)?.includes(part) === true;
      const there = cluster === null || this.#confirmed.has(cluster) || this.#believed?.has(cluster) === true;
      const allowed = there || kept;
      return allowed ? [] : [`${sent}: the cluster is not acknowledged`];
    });
  }

  #note(kind: ResourceKind, resource: XdsResource): void {
    for (const part of contentOf(kind, resource)) this.#before.add(`${kind} ${resource.name} ${part}`);
  }
}
