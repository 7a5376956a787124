// What callers see of a Pod's labels: one that answers nobody by mutual TLS on a port does not say that it can.
import { memo } from '../../lib/memo.ts';
import { tlsModeIstio, tlsModeLabel } from '../../model/client-tls.ts';
import type { Labels } from '../../model/endpoint.ts';
import type { Workload } from '../../model/mesh.ts';
import { modeAt, type PeerAuthentications } from '../../model/peer-authentication.ts';

const withoutTlsMode = memo((labels: Labels): Labels => new Map([...labels].filter(([name]) => name !== tlsModeLabel)));

export function callableLabels({ namespace, labels }: Workload, port: number, peers: PeerAuthentications): Labels {
  if (labels.get(tlsModeLabel) !== tlsModeIstio) return labels;
  return modeAt(peers.of(namespace, labels), port) === 'disable' ? withoutTlsMode(labels) : labels;
}
