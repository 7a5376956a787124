// Two captured sidecars with certificates from files speak mutual TLS, on ports of every kind; who has no certificates is
// answered as well, and TLS of others goes through as it is. Needs root; elsewhere it is skipped.
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CapturedMesh } from '../harness/captured-mesh.ts';
import { issueServer, SecretMount, TestCa, tlsFiles } from '../harness/certificates.ts';
import { whyNoNamespaces } from '../harness/network.ts';

const objects = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 198.19.99.10
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: detected, port: 81, targetPort: 8081}
  - {name: detected-too, port: 82, targetPort: 8082}
  - {name: tcp, port: 90, targetPort: 9000}
  - {name: https, port: 443, targetPort: 9443}
  - {name: tcp-own, port: 91, targetPort: 8444}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports:
- {name: http, port: 8080}
- {name: detected, port: 8081}
- {name: detected-too, port: 8082}
- {name: tcp, port: 9000}
- {name: https, port: 9443}
- {name: tcp-own, port: 8444}
endpoints: [{addresses: [198.19.77.21], targetRef: {kind: Pod, name: server}}]
---
apiVersion: v1
kind: Pod
metadata: {name: server, labels: {security.istio.io/tlsMode: istio}}
spec: {serviceAccountName: server}
status: {podIP: 198.19.77.21}
`;

/** A Sidecar that gives the server's port 8444 a certificate, in files that Envoy's user can read. */
async function ownCertificates(): Promise<string> {
  const ca = await TestCa.create();
  const { path } = new SecretMount(tlsFiles(await issueServer(ca), ca.cert));
  const [certificate, key] = [join(path, 'tls.crt'), join(path, 'tls.key')];
  await chmod(path, 0o755);
  for (const file of [certificate, key]) await chmod(file, 0o644);
  return `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: server}
spec:
  ingress:
  - port: {number: 8444, protocol: TLS, name: tls}
    defaultEndpoint: 127.0.0.1:9000
    tls: {mode: SIMPLE, serverCertificate: ${certificate}, privateKey: ${key}}
`;
}

const reason = whyNoNamespaces();
const client = 'spiffe://cluster.local/ns/default/sa/client';
let mesh: CapturedMesh;

describe.skipIf(reason !== null)(`mutual TLS that comes in${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    mesh = await CapturedMesh.start(objects, { servers: ['server'], certified: ['client', 'server'] });
  });
  afterAll(() => mesh?.close());

  const handshakes = () => mesh.stat('server', 'listener.0.0.0.0_15006.ssl.handshake');

  test('HTTP on a port that says so: the workload is told who calls', async () => {
    expect(await mesh.fromClient('http', 'http://198.19.99.10/', 3)).toEqual(
      Array.from({ length: 3 }, () => `200 server 127.0.0.6 ${client}`),
    );
    expect(await handshakes()).toBe(1);
  });

  test('HTTP/1 and HTTP/2 on ports whose protocol is detected are HTTP for the other side too', async () => {
    expect(await mesh.fromClient('http', 'http://198.19.99.10:81/', 2)).toEqual(
      Array.from({ length: 2 }, () => `200 server 127.0.0.6 ${client}`),
    );
    expect(await mesh.stat('server', 'http.inbound_0.0.0.0_8081.downstream_rq_http1_total')).toBe(2);
    expect(await mesh.fromClient('http2', 'http://198.19.99.10:82/', 1)).toEqual([`200 server 127.0.0.6 ${client}`]);
    expect(await mesh.stat('server', 'http.inbound_0.0.0.0_8082.downstream_rq_http2_total')).toBe(1);
  });

  test('a connection may be upgraded to WebSocket, whether the port says HTTP or not', async () => {
    expect(await mesh.fromClient('websocket', 'http://198.19.99.10/', 1)).toEqual(['101 hello']);
    expect(await mesh.fromClient('websocket', 'http://198.19.99.10:81/', 1)).toEqual(['101 hello']);
  });

  test('what is not HTTP is passed on, encrypted between the two', async () => {
    const before = (await handshakes()) ?? 0;
    expect(await mesh.fromClient('tcp', '198.19.99.10:90', 1)).toEqual(['server 127.0.0.6']);
    expect(await mesh.fromClient('tls', '198.19.99.10:443', 1)).toEqual(['server 127.0.0.6']);
    expect(await handshakes()).toBe(before + 2);
  });

  test('without certificates a client is answered too, and the workload is told nothing of it', async () => {
    const before = await handshakes();
    expect(await mesh.fromClient('http', 'http://198.19.77.21:8080/', 1)).toEqual(['200 server 127.0.0.6']);
    expect(await mesh.fromClient('http', 'http://198.19.77.21:8081/', 1)).toEqual(['200 server 127.0.0.6']);
    expect(await handshakes()).toBe(before);
  });

  test('TLS of others goes through to the workload', async () => {
    const before = await handshakes();
    expect(await mesh.fromClient('tls', '198.19.77.21:9443', 1)).toEqual(['server 127.0.0.6']);
    expect(await handshakes()).toBe(before);
  });

  test('certificates of a port are for those that are not of the mesh', async () => {
    await mesh.apply(await ownCertificates());
    expect(await mesh.fromClient('tls', '198.19.77.21:8444', 1)).toEqual(['server 127.0.0.1']);
    expect(await mesh.fromClient('tcp', '198.19.99.10:91', 1)).toEqual(['server 127.0.0.1']);
    expect(await mesh.fromClient('hello', '198.19.77.21:8444', 1)).not.toEqual(['server 127.0.0.1']);
  });

  test('nothing was refused', async () => {
    await mesh.check();
  });
});
