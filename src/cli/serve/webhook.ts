// The admission webhooks of the control plane: /inject and /validate.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../../control-plane.ts';
import { namespaceKind } from '../../crds/namespace.ts';
import { type MeshSettings, usualMesh } from '../../inject/pod/mesh-settings.ts';
import { injectVerdict } from '../../inject/webhook/inject.ts';
import { startWebhooks, type WebhookServer } from '../../inject/webhook/server.ts';
import { validateVerdict } from '../../inject/webhook/validate.ts';
import type { Labels } from '../../model/endpoint.ts';
import { objectId } from '../../model/object.ts';
import { UsageError } from '../command.ts';
import type { Address } from './address.ts';
import type { Log } from './log.ts';
import type { InjectionMetrics } from './metrics/injection-metrics.ts';
import { opening } from './opening.ts';

export interface WebhookOptions {
  readonly address: Address;
  /** With tls.crt and tls.key. */
  readonly folder: string;
  /** Of sidecars; null: the usual one. */
  readonly image: string | null;
}

interface Parts {
  readonly controlPlane: Pick<ControlPlane, 'objects'>;
  readonly metrics: InjectionMetrics;
  readonly log: Log;
}

/** Starts both webhooks on one port. Throws UsageError where that cannot be. */
export async function openWebhooks({ address, folder, image }: WebhookOptions, parts: Parts): Promise<WebhookServer> {
  const { controlPlane, metrics, log } = parts;
  const mesh: MeshSettings = { ...usualMesh, ...(image !== null && { image }) };
  const namespaceLabels = (name: string): Labels | undefined => labelsOf(controlPlane, name);
  const certificate = await certificateIn(folder);
  const webhooks = {
    '/inject': (review: Parameters<typeof injectVerdict>[0]) => {
      const { kind, verdict } = injectVerdict(review, { mesh, namespaceLabels });
      metrics.onInject(kind);
      return verdict;
    },
    '/validate': (review: Parameters<typeof validateVerdict>[0]) => {
      const verdict = validateVerdict(review);
      metrics.onValidate(verdict.kind === 'allowed');
      return verdict;
    },
  };
  const onEvent: Parameters<typeof startWebhooks>[0]['onEvent'] = (event, error) => {
    if (event === 'bad-request') metrics.onBadRequest();
    if (event === 'fault') log.error({ err: error }, 'a fault of Sluice denied an object');
  };
  return opening([['--webhook-address', address]], () => startWebhooks({ ...address, certificate, webhooks, onEvent }));
}

async function certificateIn(folder: string): Promise<{ readonly cert: string; readonly key: string }> {
  try {
    const [cert, key] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(folder, name), 'utf8')));
    return { cert: cert ?? '', key: key ?? '' };
  } catch (error) {
    throw new UsageError(`--webhook-tls-dir: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function labelsOf({ objects }: Parts['controlPlane'], name: string): Labels | undefined {
  const found = objects.get(objectId({ group: '', kind: 'Namespace', namespace: '', name }));
  return found && namespaceKind.decode(found).value?.labels;
}
