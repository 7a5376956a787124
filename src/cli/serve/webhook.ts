// The admission webhooks of the control plane: /inject and /validate.
import type { ControlPlane } from '../../control-plane.ts';
import { namespaceKind } from '../../crds/namespace.ts';
import { type MeshSettings, usualMesh } from '../../inject/pod/mesh-settings.ts';
import { injectVerdict } from '../../inject/webhook/inject.ts';
import { startWebhooks, type WebhookServer } from '../../inject/webhook/server.ts';
import { validateVerdict } from '../../inject/webhook/validate.ts';
import type { Labels } from '../../model/endpoint.ts';
import { objectId } from '../../model/object.ts';
import type { Log } from './log.ts';
import type { InjectionMetrics } from './metrics/injection-metrics.ts';
import { opening } from './opening.ts';
import type { Tls } from './tls.ts';
import type { WebhookOptions } from './webhook-options.ts';

interface Parts {
  /** What the control plane shows of itself. */
  readonly material: Tls['material'];
  readonly controlPlane: Pick<ControlPlane, 'objects'>;
  readonly metrics: InjectionMetrics;
  readonly log: Log;
}

/** Starts both webhooks on one port. Throws UsageError where that cannot be. */
export async function openWebhooks({ address, image }: WebhookOptions, parts: Parts): Promise<WebhookServer> {
  const { controlPlane, material, metrics, log } = parts;
  const mesh: MeshSettings = { ...usualMesh, ...(image !== null && { image }) };
  const namespaceLabels = (name: string): Labels | undefined => labelsOf(controlPlane, name);
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
  return opening([['--webhook-address', address]], () => startWebhooks({ ...address, material, webhooks, onEvent }));
}

function labelsOf({ objects }: Parts['controlPlane'], name: string): Labels | undefined {
  const found = objects.get(objectId({ group: '', kind: 'Namespace', namespace: '', name }));
  return found && namespaceKind.decode(found).value?.labels;
}
