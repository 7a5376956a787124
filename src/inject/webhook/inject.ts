// What the mutating webhook says of a pod. It has no effects, so a dry run is as any other.
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Labels } from '../../model/endpoint.ts';
import { describePath, objectId } from '../../model/object.ts';
import { originOf } from '../../model/origin.ts';
import type { MeshSettings } from '../pod/mesh-settings.ts';
import { type InjectionKind, injectPod } from '../pod/pod.ts';
import { jsonPatch } from './json-patch.ts';
import type { Review, Verdict } from './review.ts';

export interface InjectContext {
  readonly mesh: MeshSettings;
  /** The labels of a namespace; undefined: it is not known. */
  readonly namespaceLabels: (name: string) => Labels | undefined;
}

export interface InjectAnswer {
  readonly verdict: Verdict;
  /** `none`: it is no pod that is made. */
  readonly kind: InjectionKind | 'none';
}

/** The API server's own selectors have chosen the pod; where a namespace is not known here, they alone have. */
const chosen: Labels = new Map([['istio-injection', 'enabled']]);

/** Decides about one object; what is no pod that is made passes. */
export function injectVerdict(review: Review, { mesh, namespaceLabels }: InjectContext): InjectAnswer {
  const { group, kind, operation, object, namespace } = review;
  if (group !== '' || kind !== 'Pod' || operation !== 'CREATE' || object === null) {
    return { kind: 'none', verdict: { kind: 'allowed', patch: [], warnings: [] } };
  }
  const workload = workloadName(object);
  const origin = originOf(objectId({ group: '', kind: 'Pod', namespace, name: workload }));
  const target = { name: namespace, labels: namespaceLabels(namespace) ?? chosen, unlabelled: 'out' } as const;
  const injection = injectPod({ pod: object, origin, workload, namespace: target, mesh });
  const errors = injection.diagnostics.filter(({ severity }) => severity === 'error').map(sentence);
  const warnings = injection.diagnostics.filter(({ severity }) => severity === 'warning').map(sentence);
  const verdict: Verdict =
    injection.kind === 'refused'
      ? { kind: 'denied', message: `Sluice: ${errors.join('; ').slice(0, 4000)}`, warnings }
      : { kind: 'allowed', patch: jsonPatch(object, injection.pod), warnings };
  return { kind: injection.kind, verdict };
}

const sentence = ({ code, path, message }: Diagnostic): string => `${code} ${describePath(path)}: ${message}`;

/** What made the pod, by the name that its users gave: a ReplicaSet's hash is no part of it. */
function workloadName({ metadata }: JsonObject): string {
  if (!isObject(metadata)) return '';
  const { name, generateName, ownerReferences, labels } = metadata;
  const [owner] = Array.isArray(ownerReferences) ? ownerReferences.filter(isObject) : [];
  const hash = isObject(labels) ? labels['pod-template-hash'] : undefined;
  const owned = owner?.['name'];
  if (typeof owned === 'string') {
    return owner?.['kind'] === 'ReplicaSet' && typeof hash === 'string' && owned.endsWith(`-${hash}`)
      ? owned.slice(0, -hash.length - 1)
      : owned;
  }
  if (typeof name === 'string') return name;
  return typeof generateName === 'string' ? generateName.replace(/-$/, '') : '';
}
