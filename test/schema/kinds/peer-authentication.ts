// PeerAuthentication: what its fields need beside them.
import type { KindCase } from '../kind-case.ts';

/** The Pod answers by mutual TLS. */
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shop-1', labels: { app: 'shop', 'security.istio.io/tlsMode': 'istio' } },
  status: { podIP: '10.1.0.1' },
};

export const peerAuthentication: KindCase = {
  spec: { selector: { matchLabels: { app: 'shop' } }, mtls: { mode: 'STRICT' } },
  objects: [pod],
  reasons: {},
  same: [],
  contexts: [
    { for: 'selector.matchLabels', value: { app: 'other' } },
    { for: 'mtls.mode', value: 'DISABLE' },
    { for: 'portLevelMtls.<k>.mode', value: 'DISABLE' },
  ],
};
