// Who is let in by captured sidecars: PeerAuthentication and AuthorizationPolicy, for a caller of the mesh and for one without
// certificates. Needs root; elsewhere it is skipped.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import { CapturedMesh } from '../harness/captured-mesh.ts';
import { whyNoNamespaces } from '../harness/network.ts';

const objects = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 198.19.99.10
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {port: 81, targetPort: 8081}
  - {name: tcp, port: 90, targetPort: 9000}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports:
- {name: http, port: 8080}
- {name: '', port: 8081}
- {name: tcp, port: 9000}
endpoints: [{addresses: [198.19.77.21], targetRef: {kind: Pod, name: server}}]
---
apiVersion: v1
kind: Pod
metadata: {name: server, labels: {app: web, security.istio.io/tlsMode: istio}}
spec: {serviceAccountName: server}
status: {podIP: 198.19.77.21}
`;

const peers = (mode: string): string => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: ${mode}}}
`;

const policy = (spec: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web}
spec: ${spec}
`;

const reason = whyNoNamespaces();
const service = '198.19.99.10';
/** Past the Service and so without its certificates. */
const pod = '198.19.77.21';
let mesh: CapturedMesh;

const called = async (target: string): Promise<string> => (await mesh.fromClient('http', target, 1))[0] ?? '';
const letIn = /^200 server /;
const denied = /^403 RBAC: access denied$/;

/** A connection that was there before a change keeps its rules till it is drained. */
async function becomes(target: string, answer: RegExp): Promise<void> {
  const look = async () => (answer.test(await called(target)) ? true : undefined);
  await poll(look, { within: 30_000, every: 100, what: `${target} to answer ${answer}` });
}

describe.skipIf(reason !== null)(`who is let in${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(async () => {
    mesh = await CapturedMesh.start(objects, { servers: ['server'], certified: ['client', 'server'] });
  });
  afterAll(() => mesh?.close());

  test('S-29: STRICT refuses who has no certificate, and PERMISSIVE does not', async () => {
    await mesh.apply(peers('STRICT'));
    expect(await called(`http://${service}/`)).toMatch(letIn);
    expect(await called(`http://${pod}:8080/`)).not.toMatch(letIn);
    expect(await mesh.fromClient('hello', `${pod}:9000`, 1)).not.toEqual([expect.stringMatching(/^server/)]);
    await mesh.apply(peers('PERMISSIVE'));
    expect(await called(`http://${pod}:8080/`)).toMatch(letIn);
    expect(await mesh.fromClient('hello', `${pod}:9000`, 1)).toEqual([expect.stringMatching(/^server/)]);
  });

  test('S-29: a path that is denied is so on a port without a name too, however it is written', async () => {
    await mesh.apply(policy('{action: DENY, rules: [{to: [{operation: {paths: [/admin*]}}]}]}'));
    for (const origin of [`http://${service}`, `http://${service}:81`, `http://${pod}:8081`]) {
      await becomes(`${origin}/admin`, denied);
      expect(await called(`${origin}/`)).toMatch(letIn);
      for (const path of ['/admin/x?y', '/a/../admin', '/%61dmin']) {
        expect(await called(`${origin}${path}`)).toMatch(denied);
      }
    }
    // Of a connection no path is known.
    expect(await mesh.fromClient('tcp', `${service}:90`, 1)).toEqual(['']);
  });

  test('callers are let in by what their certificates say of them', async () => {
    await mesh.apply(policy('{rules: [{from: [{source: {serviceAccounts: [client]}}]}]}'));
    await becomes(`http://${service}/admin`, letIn);
    expect(await mesh.fromClient('hello', `${service}:90`, 1)).toEqual([expect.stringMatching(/^server/)]);
    expect(await called(`http://${pod}:8080/`)).toMatch(denied);
    await mesh.apply(policy('{rules: [{from: [{source: {namespaces: [bank]}}]}]}'));
    await becomes(`http://${service}/`, denied);
    const refused = async () => (await mesh.stat('server', 'tcp.rbac.denied')) ?? 0;
    const before = await refused();
    await mesh.fromClient('hello', `${service}:90`, 1);
    expect(await refused()).toBe(before + 1);
  });

  test('what only counts lets everybody in', async () => {
    await mesh.apply(policy('{}').replace('{name: web}', "{name: web, annotations: {istio.io/dry-run: 'true'}}"));
    await becomes(`http://${service}/`, letIn);
    expect(await mesh.stat('server', 'http.inbound_0.0.0.0_8080.rbac.istio_dry_run_allow_.shadow_denied')).toBe(1);
  });

  test('nothing was refused by Envoy', async () => {
    await mesh.check();
  });
});
