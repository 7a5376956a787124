// Captured sidecars: connections to a Service's address are redirected to Envoy in the client's pod, and again to
// Envoy in the server's pod. Pods are network namespaces, so this needs root; elsewhere it is skipped.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTurns } from '../../src/cli/demo/statistics.ts';
import { CapturedMesh } from '../harness/captured-mesh.ts';
import { whyNoNamespaces } from '../harness/network.ts';

const objects = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 198.19.99.10
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: clock}
spec:
  clusterIP: 198.19.99.11
  ports: [{name: tcp-clock, port: 90, targetPort: 9000}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [198.19.77.21]}, {addresses: [198.19.77.22]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: clock, labels: {kubernetes.io/service-name: clock}}
addressType: IPv4
ports: [{name: tcp-clock, port: 9000}]
endpoints: [{addresses: [198.19.77.21]}, {addresses: [198.19.77.22]}]
---
apiVersion: v1
kind: Service
metadata: {name: clocks}
spec:
  clusterIP: None
  ports: [{name: tcp-clocks, port: 9000}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: clocks, labels: {kubernetes.io/service-name: clocks}}
addressType: IPv4
ports: [{name: tcp-clocks, port: 9000}]
endpoints: [{addresses: [198.19.77.21]}, {addresses: [198.19.77.22]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: clock}
spec: {host: clock, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
`;

const reason = whyNoNamespaces();
let mesh: CapturedMesh;

/** Envoy in a server's pod calls the program in it from this address. */
const inbound = '127.0.0.6';

describe.skipIf(reason !== null)(`captured sidecars${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    mesh = await CapturedMesh.start(objects, { servers: ['server-1', 'server-2'] });
  });
  afterAll(() => mesh?.close());

  test('HTTP on a port whose protocol is detected is balanced request by request, and passes both Envoys', async () => {
    const answers = await mesh.fromClient('http', 'http://198.19.99.10/', 30);
    expect(new Set(answers)).toEqual(new Set([`200 server-1 ${inbound}`, `200 server-2 ${inbound}`]));
    expect(inTurns(answers, 2)).toBe(true);
    // All on one connection of the client's, so the turns are Envoy's.
    expect(await mesh.stat('client', 'listener.198.19.99.10_80.downstream_cx_total')).toBe(1);
  });

  test('a TCP service is balanced connection by connection', async () => {
    const answers = await mesh.fromClient('tcp', '198.19.99.11:90', 30);
    expect(new Set(answers)).toEqual(new Set([`server-1 ${inbound}`, `server-2 ${inbound}`]));
    expect(inTurns(answers, 2)).toBe(true);
  });

  test('of a headless service the client chooses the endpoint, and the connection counts as one of the service', async () => {
    expect(await mesh.fromClient('tcp', '198.19.77.22:9000', 2)).toEqual([
      `server-2 ${inbound}`,
      `server-2 ${inbound}`,
    ]);
    expect(await mesh.stat('client', 'listener.198.19.77.22_9000.downstream_cx_total')).toBe(2);
    expect(await mesh.stat('client', 'cluster.outbound|9000||clocks.default.svc.cluster.local.upstream_cx_total')).toBe(
      2,
    );
  });

  test('an address that no Service has is reached past all rules', async () => {
    expect(await mesh.fromClient('http', 'http://198.19.77.22:8080/', 1)).toEqual([`200 server-2 ${inbound}`]);
    expect(await mesh.stat('client', 'cluster.PassthroughCluster.upstream_cx_total')).toBe(1);
  });

  test('all of it came through the ports of capture, and nothing was refused', async () => {
    expect(await mesh.stat('client', 'listener.198.19.99.11_90.downstream_cx_total')).toBe(30);
    for (const server of ['server-1', 'server-2']) {
      // HTTP connections are kept, TCP ones are not: 15 of those, and at least one of the others.
      expect(await mesh.stat(server, 'listener.0.0.0.0_15006.downstream_cx_total')).toBeGreaterThan(15);
    }
    await mesh.check();
  });
});
