// What the control plane may do at the API: what it needs and nothing else. A test takes each rule away and sees what fails.
import type { JsonObject } from '../../lib/json.ts';
import { meshConfigMap, systemNamespace, webhookConfiguration } from '../../model/names.ts';

export const account = 'sluice';
export const caSecretName = 'cacerts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const networking = [
  ...['destinationrules', 'gateways', 'serviceentries', 'sidecars', 'virtualservices', 'workloadentries'],
  'workloadgroups',
];
const security = ['authorizationpolicies', 'peerauthentications'];
const statuses = (resources: readonly string[]): readonly string[] => resources.map((each) => `${each}/status`);
const webhooks = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];

const rule = (
  group: string,
  resources: readonly string[],
  verbs: readonly string[],
  ...resourceNames: readonly string[]
): Rule => ({ apiGroups: [group], resources, verbs, ...(resourceNames.length > 0 && { resourceNames }) });

/** In all namespaces. */
export const clusterRules: readonly Rule[] = [
  rule('', ['services', 'pods', 'nodes', 'namespaces'], ['list', 'watch']),
  rule('', ['configmaps'], ['list', 'watch'], meshConfigMap),
  rule('discovery.k8s.io', ['endpointslices'], ['list', 'watch']),
  rule('networking.istio.io', networking, ['get', 'list', 'watch']),
  rule('security.istio.io', security, ['get', 'list', 'watch']),
  rule('networking.istio.io', statuses(networking), ['patch']),
  rule('security.istio.io', statuses(security), ['patch']),
  rule('events.k8s.io', ['events'], ['create']),
  rule('authentication.k8s.io', ['tokenreviews'], ['create']),
  // Server-side apply makes what is not there.
  rule('', ['configmaps'], ['create', 'patch'], 'istio-ca-root-cert'),
  rule('admissionregistration.k8s.io', webhooks, ['get', 'update'], webhookConfiguration),
];

/** In its own namespace. What is made has no name yet that a rule could say. */
export const ownRules: readonly Rule[] = [
  rule('', ['secrets'], ['get'], caSecretName),
  rule('', ['secrets'], ['create']),
  rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update']),
];

const apiGroup = 'rbac.authorization.k8s.io';
const subjects = [{ kind: 'ServiceAccount', name: account, namespace: systemNamespace }];

function granted(scope: 'ClusterRole' | 'Role', rules: readonly Rule[]): readonly JsonObject[] {
  const metadata = { name: account, ...(scope === 'Role' && { namespace: systemNamespace }) };
  const apiVersion = `${apiGroup}/v1`;
  return [
    { apiVersion, kind: scope, metadata, rules: rules as unknown as JsonObject[] },
    { apiVersion, kind: `${scope}Binding`, metadata, subjects, roleRef: { apiGroup, kind: scope, name: account } },
  ];
}

/** The account, and roles with these rules. */
export function accessObjects(cluster: readonly Rule[] = clusterRules, own: readonly Rule[] = ownRules): JsonObject[] {
  const serviceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: account, namespace: systemNamespace },
  };
  return [serviceAccount, ...granted('ClusterRole', cluster), ...granted('Role', own)];
}
