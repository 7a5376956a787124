// The test cluster itself, so that what fails elsewhere is not its fault.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sluice } from '../cli/sluice.ts';
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

test('analyze reads the API, and puts what files say in the place of what it has', async () => {
  await cluster.apply(await readFile('build/istio-api/crds.yaml', 'utf8'));
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  const rule = (host: string) =>
    `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r, namespace: default}\nspec: {host: ${host}}\n`;
  await cluster.apply(rule('a'));
  const kube = ['--kube', '--kubeconfig', await cluster.kubeconfig(), '-o', 'json'];
  const codes = async (stdin: string, ...more: readonly string[]): Promise<readonly string[]> => {
    const { stdout, stderr } = await sluice(['analyze', ...kube, ...more], { stdin });
    expect(stderr).toBe('');
    const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly { readonly code: string }[] };
    return diagnostics.map(({ code }) => code);
  };
  expect(await codes('')).not.toContain('SLC0201');
  expect(await codes(rule('nobody'), '-f', '-')).toContain('SLC0201');
});
