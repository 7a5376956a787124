// `sluice codes`: every code has a page.
import { describe, expect, test } from 'vitest';
import { diagnosticCodes } from '../../src/model/diagnostic-codes.ts';
import { sluice } from './sluice.ts';

describe('a page', () => {
  test('says what a code means and what to do', async () => {
    const { status, stdout } = await sluice(['codes', 'SLC0607']);
    expect(status).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "SLC0607  A subset without endpoints  (warning)

        No endpoint of the service has all the labels that the subset asks for, so
        requests that a route sends there are answered with 503. The labels are those
        of the Pods behind the endpoints.

      What to do:
        Correct the subset's labels, or those of the Pods; in files, add the Pods to
        the input.

      In istioctl analyze: IST0173
      "
    `);
  });

  test('is found by small letters, and by codes of istioctl analyze', async () => {
    const [small, foreign] = await Promise.all([sluice(['codes', 'slc0607']), sluice(['codes', 'IST0173'])]);
    expect(small.stdout).toContain('SLC0607');
    expect(foreign.stdout).toBe(small.stdout);
  });

  test.each([
    ['SLC9999', 'there is no code SLC9999'],
    ['constructor', 'there is no code constructor'],
    ['IST0143', 'nothing here says what IST0143 says: it needs'],
  ])('of %s there is none', async (code, message) => {
    const { status, stdout, stderr } = await sluice(['codes', code]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

test('without a code all are listed, with their titles', async () => {
  const { stdout } = await sluice(['codes']);
  const lines = stdout.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => line.split(' ')[0])).toEqual(Object.keys(diagnosticCodes).sort());
  expect(stdout).toMatch(/^SLC0602 {3}warning {3}The ring or table is too small for its endpoints$/m);
});

test('-o json is a list of the documented shape', async () => {
  const { stdout } = await sluice(['codes', 'SLC0607', '-o', 'json']);
  const { severity, title, explanation, fix } = diagnosticCodes.SLC0607;
  expect(JSON.parse(stdout)).toEqual([{ code: 'SLC0607', severity, title, explanation, fix, istio: ['IST0173'] }]);
});
