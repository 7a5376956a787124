// Node (core/v1): where in the world its pods are.
import type { Locality } from '../model/endpoint.ts';
import { ignored } from './values/decode.ts';
import { kind } from './values/kind.ts';

export interface Node {
  readonly name: string;
  readonly locality: Locality;
}

export const nodeKind = kind(
  { group: '', kind: 'Node', versions: ['v1'], body: { spec: ignored, status: ignored } },
  ({ name, labels }): Node => ({
    name,
    locality: {
      region: labels.get('topology.kubernetes.io/region') ?? '',
      zone: labels.get('topology.kubernetes.io/zone') ?? '',
      subZone: labels.get('topology.istio.io/subzone') ?? '',
    },
  }),
);
