// The test cluster itself, so that what fails elsewhere is not its fault.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.close());

test('an object that is applied is there, with a Service of the address that it asks for', async () => {
  const service =
    'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}\n';
  await cluster.apply(service);
  expect(await cluster.kubectl(['get', 'service', 'a', '-o', 'jsonpath={.spec.clusterIP}'])).toBe('10.96.0.1');
});

test('it says which Kubernetes it is', async () => {
  expect(await cluster.kubectl(['version'])).toMatch(/Server Version: v1\.34\.\d+/);
});
