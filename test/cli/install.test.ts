// `sluice install`: what it prints, and what it does not take.
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { folder, sluice } from './sluice.ts';

interface Printed {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly replicas?: number };
}

async function print(...args: readonly string[]): Promise<readonly Printed[]> {
  const { status, stdout, stderr } = await sluice(['install', ...args]);
  expect([status, stderr]).toEqual([0, '']);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Printed);
}

test('everything in the order in which it is to be made, with the values that are given', async () => {
  const kinds = (await print()).map(({ kind }) => kind);
  expect(kinds).toEqual([
    ...['Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'Service'],
    ...['Deployment', 'PodDisruptionBudget', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
  ]);
  const path = folder({ 'values.yaml': 'image: example.com/sluice:1\nreplicas: 3\n' });
  const objects = await print('-f', `${path}/values.yaml`, '--set', 'replicas=1');
  expect(objects.find(({ kind }) => kind === 'Deployment')?.spec?.replicas).toBe(1);
  expect(JSON.stringify(objects)).toContain('--sidecar-image=example.com/sluice:1');
  expect(objects.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
});

test('S-45: no right is for everything', async () => {
  for (const { kind, ...object } of await print()) {
    if (kind === 'ClusterRole' || kind === 'Role') expect(JSON.stringify(object)).not.toContain('"*"');
  }
});

const values = (text: string): readonly string[] => ['-f', `${folder({ 'values.yaml': text })}/values.yaml`];

test.each([
  ['a value that is none', () => ['--set', 'imagee=x'], 'there is no value imagee; there are image and replicas'],
  ['what is no value', () => ['--set', 'image'], 'it is written as KEY=VALUE'],
  ['replicas that cannot be', () => ['--set', 'replicas=0'], 'a whole number from 1 to 100'],
  ['an image that cannot be', () => ['--set', 'image=a b'], 'the name of an image'],
  ['a file that is not there', () => ['-f', 'no-such-file'], 'no-such-file cannot be read'],
  ['a file without values', () => values('- a\n'), 'holds no values'],
  ['a file that is no YAML', () => values('a: [\n'), 'values.yaml'],
])('is 2 for %s', async (_, args, message) => {
  const { status, stdout, stderr } = await sluice(['install', ...args()]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});

test.each([
  ['what has no status', ['wait', 'pod/x'], 'pod/x'],
  ['no name', ['wait', 'destinationrule'], 'write it as destinationrule/NAME'],
  ['a time that is none', ['wait', 'destinationrule/x', '--timeout', 'soon'], 'It is written as'],
  ['no kubeconfig', ['doctor', '--kubeconfig', 'no-such-file'], 'the kubeconfig cannot be read'],
  [
    'a status without an API',
    ['serve', '--write-status', '--config', '.'],
    '--write-status is of use with --kube only',
  ],
  ['a Lease of nobody', ['serve', '--kube', '--lease', 'a/b'], '--lease is of use with --write-status only'],
  [
    'a Secret without an API',
    ['serve', '--config', '.', '--ca-secret', 'a/b'],
    '--ca-secret is of use with --kube only',
  ],
])('is 2 for %s', async (_, args, message) => {
  const { status, stderr } = await sluice(args, { env: { KUBECONFIG: '/no-such-file' } });
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});
