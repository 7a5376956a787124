// Lists the objects of one kind and watches them from then on. However a watch ends, nothing is lost: it goes on from where it
// was, or everything is listed anew and compared. Source: "Kubernetes API concepts", efficient detection of changes.

import { ApiError, type KubeApi } from '../../kube/api.ts';
import type { JsonLine } from '../../kube/json-lines.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import type { Change } from '../source.ts';
import type { Progress } from './progress.ts';
import { acceptOf, apiVersionOf, pathOf, type Resource } from './resource.ts';
import type { KubeStore } from './store.ts';
import { delayAfter, type KubeTimers, pause } from './timers.ts';

export type ReflectorEvent =
  /** All objects were listed; `again`: because what a watch goes on from was too old. */
  | { readonly kind: 'listed'; readonly objects: number; readonly again: boolean }
  /** Something was heard of a watch. */
  | { readonly kind: 'heard' }
  | { readonly kind: 'failed'; readonly reason: string; readonly status: number | null; readonly again: number };

export interface ReflectorOptions {
  readonly api: KubeApi;
  readonly resource: Resource;
  /** What is known already. */
  readonly store: KubeStore;
  /** Told how far it is known. */
  readonly progress: Progress;
  readonly timers: KubeTimers;
  readonly signal: AbortSignal;
  /** What differs, as much as came at once; the first call has all that there is. */
  readonly onChanges: (changes: readonly Change[]) => void;
  readonly onEvent: (event: ReflectorEvent) => void;
}

/** So many objects are listed at a time. */
const pageSize = 500;

/** Where a watch goes on from; null: from a list. */
type Version = string | null;

/** Resolves when `signal` aborts, or when the API no longer has the kind: then its objects are gone too. */
export async function reflect(options: ReflectorOptions): Promise<void> {
  const { timers, signal, onChanges, onEvent, resource, store, progress } = options;
  let version: Version = null;
  let listed = false;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (version === null) {
        version = await list(options, listed);
        listed = true;
      }
      const watched = await watch(version, options);
      version = watched.version;
      // A watch that ended as soon as it began is a failure like others, or it would be begun again and again.
      failures = watched.heard ? 0 : failures + 1;
      if (failures > 0) await pause(delayAfter(failures, timers, null), AbortSignal.any([signal, progress.hurry]));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 404)
        return onChanges(store.replace([], apiVersionOf(resource)));
      if (error instanceof Interrupted) version = error.version;
      failures = error instanceof Interrupted && error.heard ? 1 : failures + 1;
      const { status = null, retryAfter = null } = error instanceof ApiError ? error : {};
      const again = delayAfter(failures, timers, retryAfter);
      onEvent({ kind: 'failed', reason: reasonOf(error), status, again });
      await pause(again, AbortSignal.any([signal, progress.hurry]));
    }
  }
}

/** A watch broke; what came before counts. */
class Interrupted extends Error {
  readonly version: Version;
  readonly heard: boolean;

  constructor(cause: unknown, { version, heard }: Watched) {
    super(reasonOf(cause), { cause });
    this.version = version;
    this.heard = heard;
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function list(options: ReflectorOptions, again: boolean): Promise<string> {
  const { api, resource, store, progress, timers, signal, onChanges, onEvent } = options;
  const items: JsonValue[] = [];
  let next = '';
  for (;;) {
    const query = { limit: String(pageSize), ...(next !== '' && { continue: next }) };
    const request = { path: pathOf(resource, query), accept: acceptOf(resource, 'list'), signal, idle: timers.answer };
    const page = await api.json(request);
    const found = page['items'];
    if (Array.isArray(found)) items.push(...(found as readonly JsonValue[]));
    const metadata = isObject(page['metadata']) ? page['metadata'] : {};
    next = textOf(metadata['continue']);
    const version = textOf(metadata['resourceVersion']);
    if (next !== '') continue;
    onEvent({ kind: 'listed', objects: items.length, again });
    onChanges(store.replace(items, apiVersionOf(resource)));
    progress.reach(version);
    return version;
  }
}

interface Watched {
  readonly version: Version;
  /** Whether anything came. */
  readonly heard: boolean;
}

/** Throws ApiError where it could not begin, and Interrupted where it broke. */
async function watch(from: string, options: ReflectorOptions): Promise<Watched> {
  const { api, resource, progress, timers, onChanges, onEvent } = options;
  const { hurry } = progress;
  const query = {
    ...{ watch: '1', allowWatchBookmarks: 'true', resourceVersion: from },
    timeoutSeconds: String(Math.ceil(lengthOfWatch(options) / 1000)),
  };
  const signal = AbortSignal.any([options.signal, hurry]);
  const request = { path: pathOf(resource, query), accept: acceptOf(resource, 'watch'), signal, idle: timers.idle };
  let watched: Watched = { version: from, heard: false };
  try {
    for await (const lines of api.lines(request)) {
      onEvent({ kind: 'heard' });
      const { changes, version } = taken(options, lines, watched.version);
      watched = { version, heard: true };
      if (changes.length > 0) onChanges(changes);
      if (version === null) break;
      progress.reach(version);
    }
    return watched;
  } catch (error) {
    if (error instanceof ApiError && error.status === 410) return { version: null, heard: true };
    if (error instanceof ApiError) throw error;
    if (hurry.aborted && !options.signal.aborted) return { ...watched, heard: true };
    throw new Interrupted(error, watched);
  }
}

/** In milliseconds. Two seconds before its end a watch says how far it is, whatever has happened. */
function lengthOfWatch({ timers: { watch: lengths, shortWatch }, progress }: ReflectorOptions): number {
  return progress.isAwaited ? shortWatch : lengths.least + Math.random() * (lengths.most - lengths.least);
}

/** What events change, in their order. Nothing is read after one that says that the watch cannot go on. */
function taken(
  { store, resource }: ReflectorOptions,
  lines: readonly JsonLine[],
  from: Version,
): { readonly changes: readonly Change[]; readonly version: Version } {
  const changes: Change[] = [];
  const as = apiVersionOf(resource);
  let version = from;
  for (const { type, object } of lines) {
    if (type === 'ERROR' || !isObject(object)) {
      return { changes, version: codeOf(object) === 410 || type !== 'ERROR' ? null : version };
    }
    version = versionOf(object) ?? version;
    const change = type === 'BOOKMARK' ? null : type === 'DELETED' ? store.delete(object, as) : store.apply(object, as);
    if (change !== null) changes.push(change);
  }
  return { changes, version };
}

function versionOf({ metadata }: JsonObject): string | null {
  const version = isObject(metadata) ? metadata['resourceVersion'] : undefined;
  return typeof version === 'string' && version !== '' ? version : null;
}

const codeOf = (status: JsonValue | undefined): JsonValue | undefined =>
  isObject(status) ? status['code'] : undefined;
const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
