// Endpoints that a real Envoy looks after by itself: whoever fails its check gets nothing, however ready its Pod is.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { plainCall, send } from '../../src/cli/demo/traffic.ts';
import { poll } from '../../src/inject/poll.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { counts, TestMesh } from '../harness/mesh.ts';
import { addresses, backend, endpointsYaml, policyYaml, shop } from '../harness/shop.ts';

const hosts = addresses(3);
const names = hosts.map(backend);
const [first = '', second = ''] = names;
const others = (name: string) => names.filter((each) => each !== name);
const often: JsonObject = { 'sluice.dev/health-check-interval': '100ms' };
const turns: JsonObject = { loadBalancer: { simple: 'ROUND_ROBIN' } };
let mesh: TestMesh;

const checkedBy = (probe: string): string => policyYaml(turns, { ...often, 'sluice.dev/health-check': probe });

beforeAll(async () => {
  mesh = await TestMesh.start({ ...shop(hosts, null), 'rule.yaml': checkedBy('http:/healthz') });
});
afterEach(() => mesh.check());
afterAll(() => mesh.close());

/**
 * Resolves when these are all that answer, and nothing fails: Envoy hands on what its checks find once in a second. Then
 * it stays so.
 */
async function answering(expected: readonly string[]): Promise<void> {
  const client = mesh.client();
  const look = async () => {
    const calls = Array.from({ length: 30 }, () => plainCall);
    const answers = await send(client, calls, 1);
    const found = answers.map((answer) => (answer.kind === 'answered' ? answer.by : answer.why));
    return JSON.stringify([...new Set(found)].sort()) === JSON.stringify(expected) || undefined;
  };
  try {
    await poll(look, { within: 15_000, every: 20, what: `answers of ${expected.join(', ')} alone` });
  } finally {
    client.close();
  }
  expect(Object.keys(counts(await mesh.requests(60))).sort()).toEqual(expected);
}

test('a backend that fails its check gets no requests, and comes back with it', async () => {
  await answering(names);
  mesh.backends.behave(first, { status: 503 });
  await answering(others(first));
  mesh.backends.behave(first, { status: 200 });
  await answering(names);
});

test('a backend that is taken away gets no requests, however good it is', async () => {
  await mesh.apply({ 'endpoints.yaml': endpointsYaml(others(first).map((name) => name.split(':', 1)[0] ?? '')) });
  await answering(others(first));
  await mesh.apply({ 'endpoints.yaml': endpointsYaml(hosts) });
  await answering(names);
});

test('one that nobody can connect to is left alone by a TCP check', async () => {
  await mesh.apply({ 'rule.yaml': checkedBy('tcp') });
  await answering(names);
  await mesh.backends.end(second);
  await answering(others(second));
});

/** Ports of every kind, which nobody serves, and their check. */
const unserved = (name: string, probe: string): string => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: ${name}
  annotations: { sluice.dev/health-check: "${probe}" }
spec: { host: ${name} }
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec:
  ports:
  - { name: grpc, port: 90 }
  - { name: http2, port: 91 }
  - { name: http, port: 92 }
  - { name: tcp, port: 93 }
  - { name: other, port: 94 }
`;

test('Envoy takes every kind of check on every kind of port', async () => {
  const { clusters } = await mesh.apply({
    'web.yaml': unserved('web', 'http:/healthz'),
    'greeter.yaml': unserved('greeter', 'grpc:hello.Greeter'),
    'db.yaml': unserved('db', 'tcp'),
  });
  const checked = [...clusters].filter(([, cluster]) => 'health_checks' in cluster).map(([name]) => name.split('|')[1]);
  expect(checked.sort()).toEqual(['80', ...['90', '90', '90', '91', '91', '91', '92', '92', '93', '94', '94', '94']]);
});
