// What an installation needs, looked at one by one: what is so, and what to do where it is not.
import { X509Certificate } from 'node:crypto';
import { kindsRead } from '../../crds/index.ts';
import { ApiError, type KubeApi, type Write } from '../../kube/api.ts';
import { listPath, objectPath } from '../../kube/paths.ts';
import { isObject, type JsonObject, type JsonValue } from '../../lib/json.ts';
import { sidecarContainer, systemNamespace, webhookConfiguration } from '../../model/names.ts';
import { account, clusterRules, ownRules, type Rule } from '../install/rbac.ts';

/** `failed`: something does not work. `doubtful`: it works, and should be otherwise. */
export type Health = 'fine' | 'doubtful' | 'failed';

export interface Finding {
  readonly check: string;
  readonly health: Health;
  readonly message: string;
  /** What to do; empty where it is fine. */
  readonly fix: string;
}

type Verdict = Omit<Finding, 'check'>;

const fine = (message: string): Verdict => ({ health: 'fine', message, fix: '' });
const failed = (message: string, fix: string): Verdict => ({ health: 'failed', message, fix });
const doubtful = (message: string, fix: string): Verdict => ({ health: 'doubtful', message, fix });

const patience = 10_000;
const apply = 'sluice install --set image=IMAGE | kubectl apply --server-side -f -';

const objectOf = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
const listOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

class Cluster {
  readonly api: KubeApi;

  constructor(api: KubeApi) {
    this.api = api;
  }

  json(path: string, write?: Write): Promise<JsonObject> {
    return this.api.json({ path, ...(write && { write }), signal: AbortSignal.timeout(patience), idle: patience });
  }

  /** Null: there is none. */
  async find(path: string): Promise<JsonObject | null> {
    try {
      return await this.json(path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  own(kind: string, name: string, apiVersion: string): Promise<JsonObject | null> {
    return this.find(objectPath({ kind, namespace: systemNamespace, name }, apiVersion));
  }
}

async function version(cluster: Cluster): Promise<Verdict> {
  const { gitVersion } = await cluster.json('/version');
  return fine(`${gitVersion} at ${cluster.api.server}`);
}

async function definitions(cluster: Cluster): Promise<Verdict> {
  const missing: string[] = [];
  for (const { group, kind, versions } of kindsRead.filter((each) => each.group.endsWith('.istio.io'))) {
    const lists = await Promise.all(versions.map((each) => cluster.find(`/apis/${group}/${each}`)));
    if (!lists.some((list) => listOf(list?.['resources']).some((each) => each['kind'] === kind))) missing.push(kind);
  }
  if (missing.length === 0) return fine('all kinds are defined');
  return doubtful(`not defined: ${some(missing)}`, `${apply.replace('install', 'install --crds')}`);
}

/** What a rule allows, as single questions. */
function questions(
  { apiGroups, resources, verbs, resourceNames = [''] }: Rule,
  namespace: string,
): readonly JsonObject[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((each) => {
      const [resource = '', subresource = ''] = each.split('/');
      return verbs.flatMap((verb) =>
        resourceNames.map((name) => ({ namespace, group, resource, subresource, verb, name })),
      );
    }),
  );
}

async function rights(cluster: Cluster): Promise<Verdict> {
  const user = `system:serviceaccount:${systemNamespace}:${account}`;
  const all = [
    ...clusterRules.flatMap((rule) => questions(rule, '')),
    ...ownRules.flatMap((rule) => questions(rule, systemNamespace)),
  ];
  const answers = await Promise.all(
    all.map(async (resourceAttributes) => {
      const body = {
        ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' },
        spec: { user, resourceAttributes },
      };
      const { status } = await cluster.json('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        method: 'POST',
        body,
      });
      return objectOf(status)['allowed'] === true;
    }),
  );
  const denied = all.filter((_, index) => answers[index] !== true).map(({ verb, resource }) => `${verb} ${resource}`);
  if (denied.length === 0) return fine(`the account ${systemNamespace}/${account} may do all that it needs`);
  return failed(`the account ${systemNamespace}/${account} may not ${some(denied)}`, apply);
}

async function replicas(cluster: Cluster): Promise<Verdict> {
  const found = await cluster.own('Deployment', account, 'apps/v1');
  if (found === null) return failed(`there is no Deployment ${systemNamespace}/${account}`, apply);
  const [wanted, ready] = [
    Number(objectOf(found['spec'])['replicas'] ?? 1),
    Number(objectOf(found['status'])['readyReplicas'] ?? 0),
  ];
  const message = `${ready} of ${wanted} replicas are ready`;
  const look = `kubectl -n ${systemNamespace} describe pods; kubectl -n ${systemNamespace} logs deploy/${account}`;
  if (ready === 0) return failed(message, look);
  return ready < wanted ? doubtful(message, look) : fine(message);
}

async function leader(cluster: Cluster): Promise<Verdict> {
  const found = await cluster.own('Lease', 'sluice-leader', 'coordination.k8s.io/v1');
  const { holderIdentity, renewTime } = objectOf(found?.['spec']);
  const logs = `kubectl -n ${systemNamespace} logs deploy/${account} | grep Lease`;
  if (typeof holderIdentity !== 'string' || holderIdentity === '')
    return failed('nobody leads, so no status is written', logs);
  const age = Math.round((Date.now() - Date.parse(String(renewTime))) / 1000);
  if (!(age < 60)) return failed(`${holderIdentity} has not renewed its Lease for ${age} s`, logs);
  return fine(`${holderIdentity} leads`);
}

/** Of every label that says so; the cluster's own never. */
async function labelledNamespaces(cluster: Cluster): Promise<readonly string[]> {
  const { items } = await cluster.json('/api/v1/namespaces?labelSelector=istio-injection%3Denabled');
  return listOf(items).map((each) => String(objectOf(each['metadata'])['name']));
}

async function rootsIn(cluster: Cluster, namespace: string): Promise<string> {
  const path = objectPath({ kind: 'ConfigMap', namespace, name: 'istio-ca-root-cert' }, 'v1');
  return String(objectOf((await cluster.find(path))?.['data'])['root-cert.pem'] ?? '');
}

async function roots(cluster: Cluster): Promise<Verdict> {
  const own = await rootsIn(cluster, systemNamespace);
  const logs = `kubectl -n ${systemNamespace} logs deploy/${account} | grep roots`;
  if (own === '') return failed('the roots of the CA are not published, so no sidecar gets a certificate', logs);
  const { validTo } = new X509Certificate(own);
  const others = await labelledNamespaces(cluster);
  const found = await Promise.all(others.map((namespace) => rootsIn(cluster, namespace)));
  const missing = others.filter((_, index) => found[index] !== own);
  if (missing.length > 0) return failed(`namespaces without the roots of the CA: ${some(missing)}`, logs);
  return fine(`in ${others.length} labelled namespaces; the first root is valid until ${validTo}`);
}

async function webhooks(cluster: Cluster): Promise<Verdict> {
  const own = await rootsIn(cluster, systemNamespace);
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    const path = objectPath({ kind, namespace: '', name: webhookConfiguration }, 'admissionregistration.k8s.io/v1');
    const found = await cluster.find(path);
    if (found === null) return failed(`there is no ${kind} ${webhookConfiguration}`, apply);
    for (const { name, clientConfig } of listOf(found['webhooks'])) {
      const bundle = Buffer.from(String(objectOf(clientConfig)['caBundle'] ?? ''), 'base64').toString();
      if (own !== '' && bundle === own) continue;
      return failed(
        `the API server does not believe ${name}: its caBundle is not the CA's`,
        `see the check leader; ${apply}`,
      );
    }
  }
  return fine('the API server believes them');
}

/** Pods that were made before their namespace was labelled. */
async function sidecars(cluster: Cluster): Promise<Verdict> {
  const without: string[] = [];
  let count = 0;
  for (const namespace of await labelledNamespaces(cluster)) {
    const { items } = await cluster.json(`${listPath({ kind: 'Pod', namespace }, 'v1')}?limit=5000`);
    for (const { metadata, spec } of listOf(items)) {
      const { name, labels } = objectOf(metadata);
      const { containers, initContainers, hostNetwork } = objectOf(spec);
      if (hostNetwork === true || objectOf(labels)['sidecar.istio.io/inject'] === 'false') continue;
      count += 1;
      const all = [...listOf(containers), ...listOf(initContainers)];
      if (!all.some((each) => each['name'] === sidecarContainer)) without.push(`${namespace}/${name}`);
    }
  }
  if (without.length === 0) return fine(`${count} Pods of labelled namespaces have theirs`);
  return doubtful(
    `Pods without a sidecar: ${some(without)}`,
    'make them anew: kubectl rollout restart deploy -n NAMESPACE',
  );
}

const checks: Readonly<Record<string, (cluster: Cluster) => Promise<Verdict>>> = {
  ...{ api: version, definitions, rights, replicas, leader, roots, webhooks, sidecars },
};

/** Looks at everything, in an order in which later things need earlier ones. Never throws. */
export async function* examine(api: KubeApi): AsyncGenerator<Finding> {
  const cluster = new Cluster(api);
  for (const [check, look] of Object.entries(checks)) {
    try {
      yield { check, ...(await look(cluster)) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      yield { check, ...failed(`cannot be looked at: ${message}`, 'check the kubeconfig, and what it may do') };
      // Without an API there is nothing to look at.
      if (check === 'api') return;
    }
  }
}
