// Whether a pod is to have a sidecar: labels of its namespace, then its own, as Istio reads them.
import type { PodTemplate } from '../../crds/pod-template.ts';
import { inside, report, type Spot } from '../../crds/values/decode.ts';
import { truth } from '../../crds/values/quoted.ts';
import type { Labels } from '../../model/endpoint.ts';
import { systemNamespace } from '../../model/names.ts';

/** `unlabelled`: what a namespace means that says nothing: in a cluster `out`; whoever hands in a file wants them `in`. */
export interface TargetNamespace {
  readonly name: string;
  readonly labels: Labels;
  readonly unlabelled: 'in' | 'out';
}

export type Selection =
  | { readonly kind: 'selected' }
  | { readonly kind: 'left-out'; readonly reason: string }
  /** It cannot be told; the reason is reported. */
  | { readonly kind: 'unclear' };

/** Whose pods everything else needs, so that nothing may stand in their way; and ours. */
const withoutSidecars = ['kube-system', 'kube-public', 'kube-node-lease', systemNamespace];

const injectLabel = 'sidecar.istio.io/inject';
const leftOut = (reason: string): Selection => ({ kind: 'left-out', reason });
const selected: Selection = { kind: 'selected' };

/** Decides for a pod. `metadata` is where the pod's labels stand. */
export function selectPod(pod: PodTemplate, namespace: TargetNamespace, revision: string, metadata: Spot): Selection {
  if (withoutSidecars.includes(namespace.name)) return leftOut(`no pod in ${namespace.name} has a sidecar`);
  if (pod.hostNetwork) return leftOut('hostNetwork: its connections are those of the whole node');
  const wanted = wish(pod, metadata);
  if (wanted === 'unclear') return { kind: 'unclear' };
  if (wanted === false) return leftOut(`the pod says ${injectLabel}: "false"`);
  return byNamespace(namespace, revision) ?? (wanted === true ? byPod(pod, revision) : byDefault(namespace));
}

/** What the pod itself says; the label counts before the annotation. */
function wish({ labels, annotations }: PodTemplate, metadata: Spot): boolean | null | 'unclear' {
  for (const [field, texts] of [
    ['labels', labels],
    ['annotations', annotations],
  ] as const) {
    const text = texts.get(injectLabel) ?? '';
    if (text !== '') return truth(text.toLowerCase(), inside(metadata, field, injectLabel)) ?? 'unclear';
  }
  return null;
}

/** What the namespace says, if it says anything. */
function byNamespace({ labels }: TargetNamespace, revision: string): Selection | null {
  const word = labels.get('istio-injection');
  const wanted = labels.get('istio.io/rev');
  if (word === 'enabled') return selected;
  if (word !== undefined) return leftOut(`its namespace says istio-injection: ${word.slice(0, 63)}`);
  if (wanted === undefined) return null;
  return wanted === revision ? selected : leftOut(`its namespace belongs to the revision ${wanted.slice(0, 63)}`);
}

function byPod({ labels }: PodTemplate, revision: string): Selection {
  const wanted = labels.get('istio.io/rev') ?? revision;
  return wanted === revision ? selected : leftOut(`the pod belongs to the revision ${wanted.slice(0, 63)}`);
}

function byDefault({ unlabelled, name }: TargetNamespace): Selection {
  return unlabelled === 'in' ? selected : leftOut(`the namespace ${name} has no label istio-injection: enabled`);
}

/** Says why a pod is left out. */
export function sayLeftOut(spot: Spot, reason: string): undefined {
  return report(spot, 'SLC0802', reason);
}
