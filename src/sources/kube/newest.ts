// Which version the objects of a kind have at the API now.
import { ApiError, type KubeApi } from '../../kube/api.ts';
import { isObject } from '../../lib/json.ts';
import { acceptOf, pathOf, type Resource } from './resource.ts';
import { type KubeTimers, pause } from './timers.ts';

/** Between two attempts, in milliseconds. */
const again = 250;

/** Null where the API does not say it, or not before `signal` aborts. */
export async function newestVersion(
  api: KubeApi,
  resource: Resource,
  timers: KubeTimers,
  signal: AbortSignal,
): Promise<string | null> {
  // A list that names no version is never an old one.
  const path = pathOf(resource, { limit: '1' });
  const accept = acceptOf({ ...resource, wanted: { ...resource.wanted, metadataOnly: true } }, 'list');
  while (!signal.aborted) {
    try {
      const { metadata } = await api.json({ path, accept, signal, idle: timers.answer });
      const version = isObject(metadata) ? metadata['resourceVersion'] : null;
      return typeof version === 'string' ? version : null;
    } catch (error) {
      // It was heard, and does not want to say it; that is for the watch to deal with.
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) return null;
      await pause(again, signal);
    }
  }
  return null;
}
