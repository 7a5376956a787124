// How an API server is told of our webhooks. Whom it believes there is written by the control plane itself.
// https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/
import type { JsonObject } from '../../lib/json.ts';
import { systemNamespace, webhookConfiguration } from '../../model/names.ts';
import { account } from './rbac.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';

const shared = { admissionReviewVersions: ['v1', 'v1beta1'], sideEffects: 'None', timeoutSeconds: 5 };

const client = (path: string): JsonObject => ({
  service: { name: account, namespace: systemNamespace, path, port: 443 },
});

const label = (key: string, operator: string, ...values: readonly string[]): JsonObject => ({
  key,
  operator,
  ...(values.length > 0 && { values }),
});

/** Never in these: without them nothing would start again. */
const elsewhere = label('kubernetes.io/metadata.name', 'NotIn', 'kube-system', 'kube-node-lease', systemNamespace);
const injectLabel = 'sidecar.istio.io/inject';

function injector(name: string, namespaces: JsonObject, pods: JsonObject): JsonObject {
  return {
    ...shared,
    name,
    clientConfig: client('/inject'),
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }],
    namespaceSelector: { matchExpressions: [elsewhere, namespaces] },
    objectSelector: { matchExpressions: [pods] },
    // A pod without its sidecar would speak without mutual TLS, and be refused or, worse, answered.
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded',
  };
}

/** Pods of labelled namespaces unless they say no, and pods that say yes of namespaces that say nothing. */
const injection: JsonObject = {
  apiVersion,
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: webhookConfiguration },
  webhooks: [
    injector('namespace.sluice.dev', label('istio-injection', 'In', 'enabled'), label(injectLabel, 'NotIn', 'false')),
    injector('object.sluice.dev', label('istio-injection', 'DoesNotExist'), label(injectLabel, 'In', 'true')),
  ],
};

const validation: JsonObject = {
  apiVersion,
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: webhookConfiguration },
  webhooks: [
    {
      ...shared,
      name: 'validate.sluice.dev',
      clientConfig: client('/validate'),
      rules: ['networking.istio.io', 'security.istio.io'].map((group) => ({
        ...{ apiGroups: [group], apiVersions: ['*'], resources: ['*'], scope: 'Namespaced' },
        operations: ['CREATE', 'UPDATE'],
      })),
      // What is wrong is told in the status as well; nobody is to be kept from mending it while we are away.
      failurePolicy: 'Ignore',
    },
  ],
};

export const webhookObjects: readonly JsonObject[] = [injection, validation];
