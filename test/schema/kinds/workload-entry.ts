// WorkloadEntry: what its fields need beside them.
import type { KindCase } from '../kind-case.ts';

export const workloadEntry: KindCase = {
  spec: { address: '10.8.2.1', labels: { app: 'machines' } },
  objects: [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: 'machines' },
      spec: {
        hosts: ['machines.example.com'],
        resolution: 'STATIC',
        location: 'MESH_INTERNAL',
        ports: [{ number: 80, name: '80', protocol: 'HTTP' }],
        workloadSelector: { labels: { app: 'machines' } },
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'machines' },
      spec: { host: 'machines.example.com', subsets: [{ name: 'some', labels: { '80': 'x' } }] },
    },
  ],
  reasons: { network: 'comes with meshes of several networks' },
  same: [],
  contexts: [{ for: 'address', value: '10.8.2.2' }],
};
