// ServiceEntry: what its fields need beside them.
import type { JsonObject } from '../../../src/lib/json.ts';
import type { KindCase } from '../kind-case.ts';

const rule = (host: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: host },
  spec: { host, ...spec },
});

export const serviceEntry: KindCase = {
  spec: {
    hosts: ['far.example.com'],
    addresses: ['10.8.0.1'],
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    endpoints: [{ address: '10.8.1.1' }],
  },
  objects: [
    rule('far.example.com', { subsets: [{ name: 'some', labels: { '80': 'x' } }] }),
    rule('safe.example.com', { trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'WorkloadEntry',
      metadata: { name: 'chosen' },
      spec: { address: '10.8.3.1', labels: { '80': 'x' } },
    },
  ],
  reasons: { 'endpoints[].network': 'comes with meshes of several networks' },
  same: [],
  contexts: [
    { for: 'hosts', value: ['far.example.com', 'further.example.com'] },
    { for: 'addresses', value: ['10.8.0.2'] },
    { for: 'endpoints[].address', value: '10.8.1.2' },
    { for: 'endpoints[].ports', at: '', put: { ports: [{ name: '80' }] } },
    { for: 'ports[].name', at: 'ports[]', put: { protocol: null } },
    { for: 'ports[].name', value: 'tcp' },
    { for: 'ports[].protocol', value: 'TCP' },
    { for: 'subjectAltNames', at: '', put: { hosts: ['safe.example.com'] } },
    { for: 'workloadSelector', at: '', put: { endpoints: null } },
  ],
};
