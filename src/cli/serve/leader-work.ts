// What one replica alone does, and only where it is asked to: statuses, events, and the roots for workloads.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ControlPlane } from '../../control-plane.ts';
import type { Authority } from '../../identity/ca/authority.ts';
import type { KubeApi } from '../../kube/api.ts';
import { memo } from '../../lib/memo.ts';
import { webhookConfiguration } from '../../model/names.ts';
import { type ObjectSet, objectName } from '../../model/object.ts';
import { Lease } from '../../status/lease.ts';
import { RootConfigMaps } from '../../status/root-config-maps.ts';
import { StatusWriter } from '../../status/status-writer.ts';
import { WebhookBundles } from '../../status/webhook-bundles.ts';
import type { StreamStatus } from '../../xds/stream-status.ts';
import type { NamespacedName } from '../options.ts';
import type { Log } from './log.ts';
import { desiredStatuses } from './statuses.ts';

export interface LeaderWorkParts {
  readonly api: KubeApi;
  readonly lease: NamespacedName;
  readonly controlPlane: ControlPlane;
  readonly streams: () => readonly StreamStatus[];
  /** Null: certificates come from elsewhere. */
  readonly authority: Authority | null;
  readonly log: Log;
}

export interface LeaderWork {
  close(): Promise<void>;
}

/** Serving never waits for it: a replica that never leads serves as all do. */
export function startLeaderWork({
  api,
  lease: name,
  controlPlane,
  streams,
  authority,
  log,
}: LeaderWorkParts): LeaderWork {
  const identity = `${hostname()}_${randomUUID()}`;
  const lease = new Lease({
    ...{ api, ...name, identity },
    onChange: (leading) => log.info({ identity }, leading ? 'leading: writes statuses' : 'not leading any more'),
    onError: (reason) =>
      log.warn({ reason, lease: `${name.namespace}/${name.name}` }, 'the Lease could not be renewed'),
  });
  const leading = () => lease.leading;
  const writer = new StatusWriter({
    ...{ api, leading, identity },
    desired: desiredStatuses(controlPlane, streams),
    onError: (object, reason) => log.warn({ object, reason }, 'a status could not be written'),
  });
  const roots = authority === null ? [] : publishRoots({ api, leading, controlPlane, authority, log });
  lease.start();
  const work = [writer, ...roots];
  for (const each of work) each.start();
  return {
    close: async () => {
      await Promise.all(work.map((each) => each.close()));
      await lease.close();
    },
  };
}

function publishRoots({
  api,
  leading,
  controlPlane,
  authority,
  log,
}: Pick<LeaderWorkParts, 'api' | 'controlPlane' | 'log'> & {
  readonly leading: () => boolean;
  readonly authority: Authority;
}): readonly (RootConfigMaps | WebhookBundles)[] {
  const roots = () => authority.roots();
  const configMaps = new RootConfigMaps({
    ...{ api, leading, roots },
    namespaces: () => namespacesIn(controlPlane.objects),
    onError: (namespace, reason) => log.warn({ namespace, reason }, 'the roots could not be written'),
  });
  const bundles = new WebhookBundles({
    ...{ api, leading, roots, name: webhookConfiguration },
    onError: (kind, reason) => log.warn({ kind, reason }, 'the roots could not be written'),
  });
  return [configMaps, bundles];
}

const namespacesIn = memo((objects: ObjectSet): readonly string[] =>
  [...objects.keys()]
    .map(objectName)
    .filter(({ group, kind }) => group === '' && kind === 'Namespace')
    .map(({ name }) => name),
);
