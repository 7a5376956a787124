// Who serves Gateways: the workloads that they select, one of each kind; where none is known, one with those labels.
import { type Labels, matches } from '../../model/endpoint.ts';
import type { Gateway } from '../../model/gateway.ts';
import type { Mesh } from '../../model/mesh.ts';

/** A workload, and what it serves. */
export interface GatewayWorkload {
  /** `name.namespace` of the Pod; null: none is known. */
  readonly pod: string | null;
  readonly namespace: string;
  readonly labels: Labels;
  /** The oldest first. */
  readonly gateways: readonly Gateway[];
}

/** One workload for each set of Gateways that are served together. */
export function gatewayWorkloads({ gateways, workloads }: Mesh): readonly GatewayWorkload[] {
  if (gateways.size === 0) return [];
  const all = [...gateways.values()];
  // One without a selector is for all gateways, and says nothing of who is one.
  const choosing = all.filter(({ selector }) => selector.size > 0);
  const served = ({ labels }: Pick<GatewayWorkload, 'labels'>): readonly Gateway[] =>
    all.filter(({ selector }) => matches(selector, labels));
  const pods = [...workloads].flatMap(([pod, { namespace, labels }]): readonly GatewayWorkload[] => {
    if (!choosing.some(({ selector }) => matches(selector, labels))) return [];
    return [{ pod, namespace, labels, gateways: served({ labels }) }];
  });
  const known = new Set(pods.flatMap(({ gateways: own }) => own));
  const assumed = all
    .filter((gateway) => !known.has(gateway))
    .map(({ namespace, selector: labels }) => ({ pod: null, namespace, labels, gateways: served({ labels }) }));
  const keyOf = (each: GatewayWorkload): string =>
    JSON.stringify([each.namespace, each.gateways.map(({ origin }) => origin.object)]);
  return [...new Map([...pods, ...assumed].map((each) => [keyOf(each), each] as const)).values()];
}
