// A strict mesh of captured sidecars: what no service has cannot be called, and a Sidecar says where calls of a workload
// go. Pods are network namespaces, so this needs root; elsewhere it is skipped.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CapturedMesh } from '../harness/captured-mesh.ts';
import { whyNoNamespaces } from '../harness/network.ts';

const objects = `
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: 'outboundTrafficPolicy: {mode: REGISTRY_ONLY}'}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 198.19.99.10
  ports: [{name: http, port: 80, targetPort: 9080}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 9080}]
endpoints: [{addresses: [198.19.77.21]}]
---
apiVersion: v1
kind: Pod
metadata: {name: server-1, labels: {app: server}}
status: {podIP: 198.19.77.21}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: servers}
spec:
  workloadSelector: {labels: {app: server}}
  ingress:
  - port: {number: 9080, protocol: HTTP, name: http}
    defaultEndpoint: 0.0.0.0:8080
  egress:
  - hosts: ['~/*']
`;

const reason = whyNoNamespaces();
let mesh: CapturedMesh;

describe.skipIf(reason !== null)(`a strict mesh${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    mesh = await CapturedMesh.start(objects, { servers: ['server-1'] });
  });
  afterAll(() => mesh?.close());

  test('a service is called, and its Sidecar leads the calls to another port of the workload', async () => {
    expect(await mesh.fromClient('http', 'http://198.19.99.10/', 3)).toEqual(Array(3).fill('200 server-1 127.0.0.6'));
  });

  test('a host that no service has is answered with 502', async () => {
    const [answer] = await mesh.fromClient('http', 'http://198.19.77.99/', 1);
    expect(answer).toBe('502 no service of the mesh has this host');
  });

  test('a connection to a port that no service has ends', async () => {
    const [answer] = await mesh.fromClient('http', 'http://198.19.77.21:8080/', 1);
    expect(answer).toContain('Error');
    expect(await mesh.stat('client', 'cluster.PassthroughCluster.upstream_cx_total')).toBe(0);
    await mesh.check();
  });
});
