// `sluice analyze`: what is said of objects together, what can be left out, and with which exit status.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documents, rule, service, slice } from './input.ts';
import { folder, sluice } from './sluice.ts';

/** Outlier detection that never ejects, a warning. */
const idle = (annotation = ''): string => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: reviews
${annotation}spec:
  host: reviews
  trafficPolicy:
    outlierDetection:
      maxEjectionPercent: 10
`;
const warning = documents(service, slice, idle());

async function codesIn(args: readonly string[], stdin: string): Promise<readonly string[]> {
  const { stdout } = await sluice(['analyze', '-f', '-', '-o', 'json', ...args], { stdin });
  return JSON.parse(stdout).diagnostics.map(({ code }: { readonly code: string }) => code);
}

describe('what is said', () => {
  test('is shown with its place and a caret, with where to read on', async () => {
    const file = join(folder({ 'all.yaml': warning }), 'all.yaml');
    const { status, stdout, stderr } = await sluice(['analyze', '-f', file]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.replaceAll(file, 'FILE')).toMatchInlineSnapshot(`
      "warning SLC0603 FILE:33:7  DestinationRule default/reviews  spec.trafficPolicy.outlierDetection.maxEjectionPercent
          port 80 of reviews.default.svc.cluster.local has 2 endpoints: one of them is 50 %, and maxEjectionPercent is 10, so none is ever ejected; write 50 or more
          33 |       maxEjectionPercent: 10
             |       ^
      3 objects: 1 warning
      'sluice codes SLC0603' explains a code and what to do
      "
    `);
  });

  test('includes what validation and translation say', async () => {
    const broken = documents(service, rule('RANDM'), idle().replaceAll(': reviews', ': revews'));
    expect(await codesIn([], broken)).toEqual(expect.arrayContaining(['SLC0103', 'SLC0201', 'SLC0205']));
  });

  test('is nothing where all is well', async () => {
    const { status, stdout } = await sluice(['analyze', '-f', '-'], {
      stdin: documents(service, slice, rule('RANDOM')),
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '3 objects: nothing to say\n' });
  });

  test('-o json is one document of the documented shape', async () => {
    const file = join(folder({ 'all.yaml': warning }), 'all.yaml');
    const { stdout } = await sluice(['analyze', '-f', file, '-o', 'json']);
    expect(JSON.parse(stdout)).toEqual({
      objects: 3,
      suppressed: 0,
      diagnostics: [
        {
          code: 'SLC0603',
          severity: 'warning',
          message: expect.stringContaining('none is ever ejected'),
          fix: expect.any(String),
          object: { kind: 'DestinationRule', namespace: 'default', name: 'reviews' },
          path: 'spec.trafficPolicy.outlierDetection.maxEjectionPercent',
          file,
          line: 33,
          column: 7,
        },
      ],
    });
  });
});

describe('the exit status', () => {
  const cases: readonly (readonly [string, readonly string[], 0 | 1])[] = [
    ['warnings are fine', [], 0],
    ['not with --strict', ['--strict'], 1],
    ['not with --fail-on warning', ['--fail-on', 'warning'], 1],
    ['what is suppressed does not count', ['--strict', '-S', 'SLC0603'], 0],
    ['what is hidden does', ['--strict', '--min-severity', 'error'], 1],
    ['what is of another namespace does not', ['--strict', '-n', 'other'], 0],
  ];
  test.each(cases)('%s', async (_, args, status) => {
    expect((await sluice(['analyze', '-f', '-', ...args], { stdin: warning })).status).toBe(status);
  });

  test('errors are not fine', async () => {
    expect((await sluice(['analyze', '-f', '-'], { stdin: rule('RANDM') })).status).toBe(1);
  });

  test.each([
    ['no input', ['analyze'], 'say what to read: -f FILE'],
    ['a path that does not exist', ['analyze', '-f', 'no-such-folder'], 'there is no file or folder no-such-folder'],
    ['a cluster that is none', ['analyze', '--kube', '--kubeconfig', 'no-such-file'], 'the kubeconfig cannot be read'],
    ['a context of no cluster', ['analyze', '-f', '.', '--context', 'x'], 'of use with --kube only'],
    [
      'a severity that is none',
      ['analyze', '-f', '.', '--fail-on', 'panic'],
      'Allowed choices are error, warning, info',
    ],
    ['a suppression of nothing', ['analyze', '-f', '.', '-S', 'SLC7*'], 'No code is SLC7*'],
    ['a suppression that is none', ['analyze', '-f', '.', '-S', 'SLC0603=reviews'], 'CODE=Kind name.namespace'],
  ])('is 2 for %s', async (_, args, message) => {
    const { status, stdout, stderr } = await sluice(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('suppression', () => {
  test.each([
    ['a code', 'SLC0603', true],
    ['a code of one object', 'SLC0603=DestinationRule reviews.default', true],
    ['asterisks', 'SLC06*=Destination* *.default', true],
    ['a code of istioctl', 'IST0127', false],
    ['another kind', 'SLC0603=Service reviews.default', false],
    ['another object', 'SLC0603=DestinationRule reviews.shop', false],
    ['another code', 'SLC0602', false],
  ])('%s: %s', async (_, text, suppressed) => {
    expect(await codesIn(['-S', text], warning)).toEqual(suppressed ? [] : ['SLC0603']);
  });

  test('a code of istioctl analyze stands for those that say the same', async () => {
    const subset = idle().replace(
      'trafficPolicy:',
      'subsets:\n  - {name: v1, labels: {version: v1}}\n  trafficPolicy:',
    );
    const input = documents(service, slice, subset);
    expect(await codesIn([], input)).toEqual(['SLC0607', 'SLC0603']);
    expect(await codesIn(['-S', 'IST0173'], input)).toEqual(['SLC0603']);
  });

  test.each([
    ['sluice.dev/analyze-suppress: SLC0602, SLC0603', true],
    ['sluice.dev/analyze-suppress: "*"', true],
    ['galley.istio.io/analyze-suppress: "*"', true],
    ['sluice.dev/analyze-suppress: SLC0602', false],
  ])('the annotation %s', async (annotation, suppressed) => {
    const input = documents(service, slice, idle(`  annotations:\n    ${annotation}\n`));
    expect(await codesIn([], input)).toEqual(suppressed ? [] : ['SLC0603']);
  });

  test('is counted, as is what is hidden', async () => {
    const suppressed = await sluice(['analyze', '-f', '-', '-S', '*'], { stdin: warning });
    expect(suppressed.stdout).toBe('3 objects: nothing to say (1 suppressed)\n');
    const hidden = await sluice(['analyze', '-f', '-', '--min-severity', 'error'], { stdin: warning });
    expect(hidden.stdout).toBe('3 objects: nothing to say (1 hidden by --min-severity)\n');
  });
});
