// What Envoy refuses is said at the YAML behind it, everything else goes on, and the next correct form is taken.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../../src/inject/poll.ts';
import { describeObject } from '../../src/model/object.ts';
import { TestMesh } from '../harness/mesh.ts';
import { addresses, shop } from '../harness/shop.ts';

let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(shop(addresses(2), { simple: 'ROUND_ROBIN' }));
});
afterAll(() => mesh.close());

const service = (port: number) => `
apiVersion: v1
kind: Service
metadata: {name: desk}
spec:
  ports: [{name: http, port: ${port}, targetPort: 28080}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: desk, labels: {kubernetes.io/service-name: desk}}
addressType: IPv4
ports: [{name: http, port: 28080}]
endpoints: [{addresses: [${addresses(1).join()}]}]
`;

test('a listener that Envoy cannot bind is a diagnostic at its Service', async () => {
  const other = createServer().listen(81 + mesh.portOffset, '127.0.0.1');
  await once(other, 'listening');
  await mesh.write({ 'desk.yaml': service(81) });
  const refused = async () => mesh.refusals[0];
  expect(await poll(refused, { within: 10_000, every: 10, what: 'the refusal' })).toContain('cannot bind');
  // A change that means nothing to Envoy: with it the diagnostics are gathered anew.
  await mesh.write({ 'namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: quiet}\n' });
  const said = async () => mesh.diagnostics.find(({ code }) => code === 'SLC0501');
  const diagnostic = await poll(said, { within: 10_000, every: 10, what: 'the diagnostic' });
  expect(diagnostic.object && describeObject(diagnostic.object)).toBe('Service default/desk');
  expect(diagnostic.message).toContain('127.0.0.1_81');

  expect(await mesh.requests(20, { target: 'shop:80' })).toHaveLength(20);
  await mesh.apply({ 'desk.yaml': service(82) });
  expect(await mesh.requests(20, { target: 'desk:82' })).toHaveLength(20);
  expect(mesh.diagnostics).toEqual([]);
  other.close();
});
