// All objects of a Kubernetes API at one moment, for commands that look at them once.
import type { ObjectId, ObjectSet, SourceObject } from '../model/object.ts';
import { type KubeEvent, KubeSource } from '../sources/kube/kube-source.ts';
import { wantedKinds } from '../sources/kube/wanted.ts';
import { UsageError } from './command.ts';
import { reachKube } from './serve/kube.ts';
import type { KubeOptions } from './serve/kube-options.ts';

/** How long the API has to answer, in milliseconds. */
const patience = 30_000;

/** Throws UsageError where the API cannot be read, or not all of it that counts. */
export async function readCluster(options: Omit<KubeOptions, 'lease'>): Promise<ObjectSet> {
  const api = reachKube({ ...options, lease: null });
  const objects = new Map<ObjectId, SourceObject>();
  let trouble = 'it does not answer';
  const onEvent = (event: KubeEvent): void => {
    if (event.kind === 'undiscovered') trouble = event.reason;
    if (event.kind === 'failed') trouble = `${event.resource}: ${event.reason}`;
  };
  const source = new KubeSource({ api, wanted: wantedKinds, onEvent });
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), patience);
  try {
    const listed = source.start(({ changes }) => {
      for (const change of changes) if (change.kind === 'applied') objects.set(change.object.id, change.object);
    });
    const outcome = await Promise.race([listed, late.promise]);
    if (outcome === 'late') throw new UsageError(`the API at ${api.server} cannot be read: ${trouble}`);
    return objects;
  } finally {
    clearTimeout(timer);
    await source.close();
  }
}
