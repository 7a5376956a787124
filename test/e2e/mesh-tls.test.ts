// Mutual TLS within the mesh: endpoints whose Pods take it are called by it, the others in plain text.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { plainCall, send } from '../../src/cli/demo/traffic.ts';
import { TestCa, workload } from '../harness/certificates.ts';
import { TestMesh } from '../harness/mesh.ts';
import { addresses, backend, backendPort, policyYaml, shop } from '../harness/shop.ts';
import { startTlsBackend, tlsAnswer } from '../harness/tls-backend.ts';

const hosts = addresses(2);
const [encrypted = '', plain = ''] = hosts;
const folder = mkdtempSync(join(tmpdir(), 'sluice-mesh-tls-'));
const file = (name: string): string => join(folder, name);
const answer = tlsAnswer(
  'spiffe://cluster.local/ns/default/sa/client',
  'outbound_.80.__.shop.default.svc.cluster.local',
  'istio',
);
let mesh: TestMesh;
let endBackend: () => Promise<void>;

const pod = (name: string, address: string, account: string, labels: Readonly<Record<string, string>>): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { serviceAccountName: account },
    status: { podIP: address },
  });

/** The Pods behind the shop; the first one takes mutual TLS. */
const pods = (account: string): string =>
  [pod('shop-a', encrypted, account, { 'security.istio.io/tlsMode': 'istio' }), pod('shop-b', plain, 'plain', {})].join(
    '---\n',
  );

const slice = stringify({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'shop', labels: { 'kubernetes.io/service-name': 'shop' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: backendPort }],
  endpoints: [
    { addresses: [encrypted], targetRef: { kind: 'Pod', name: 'shop-a' } },
    { addresses: [plain], targetRef: { kind: 'Pod', name: 'shop-b' } },
  ],
});

beforeAll(async () => {
  const ca = await TestCa.create();
  const client = await ca.issue(workload('default', 'client'));
  const certificate = await ca.issue(workload('default', 'shop'));
  const files = { 'chain.pem': client.cert, 'key.pem': client.key, 'root.pem': ca.cert };
  for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text);
  const certificateFiles = { chain: file('chain.pem'), key: file('key.pem'), root: file('root.pem') };
  mesh = await TestMesh.start(
    { ...shop(hosts, { simple: 'ROUND_ROBIN' }), 'endpoints.yaml': slice },
    { certificateFiles },
  );
  await mesh.backends.end(backend(encrypted));
  const where = { address: encrypted, port: backendPort };
  endBackend = await startTlsBackend({ ...where, certificate, clients: ca.cert, protocols: ['istio'] });
});
afterEach(() => mesh.check());
afterAll(async () => {
  await mesh.close();
  await endBackend();
  rmSync(folder, { recursive: true, force: true });
});

/** What comes of some calls, each outcome once. */
async function outcomes(): Promise<readonly string[]> {
  const client = mesh.client();
  const answers = await send(
    client,
    Array.from({ length: 8 }, () => plainCall),
    1,
  );
  client.close();
  const words = answers.map((each) => (each.kind === 'answered' ? each.by : String(each.why.split(' ', 1)[0])));
  return [...new Set(words)].sort();
}

test('each endpoint is called as it can be', async () => {
  await mesh.apply({ 'pods.yaml': pods('shop') });
  expect(await outcomes()).toEqual([backend(plain), answer].sort());
});

test('an endpoint that is not whom its Pod should be is not called', async () => {
  await mesh.apply({ 'pods.yaml': pods('bank') });
  expect(await outcomes()).toEqual([backend(plain), '503'].sort());
});

test('a rule can ask for it, or forbid it', async () => {
  const loadBalancer = { simple: 'ROUND_ROBIN' };
  const rule = (mode: string) => ({ 'rule.yaml': policyYaml({ loadBalancer, tls: { mode } }) });
  await mesh.apply({ 'pods.yaml': pods('shop'), ...rule('ISTIO_MUTUAL') });
  expect(await outcomes()).toEqual(['503', answer]);
  await mesh.apply(rule('DISABLE'));
  expect(await outcomes()).toEqual([backend(plain), '503'].sort());
});
