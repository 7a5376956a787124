// `sluice validate`: what is wrong with each object, where, and with which exit status.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documents, rule, service, slice } from './input.ts';
import { folder, sluice } from './sluice.ts';

describe('good input', () => {
  test('is counted, with status 0', async () => {
    const dir = folder({ 'all.yaml': documents(service, slice, rule('RANDOM')) });
    expect(await sluice(['validate', '-f', dir])).toEqual({ status: 0, stdout: '3 objects valid\n', stderr: '' });
  });

  test('comes from several paths', async () => {
    const dir = folder({ 'a.yaml': service, 'b.yml': rule('RANDOM') });
    const { stdout } = await sluice(['validate', '-f', join(dir, 'a.yaml'), '-f', join(dir, 'b.yml')]);
    expect(stdout).toBe('2 objects valid\n');
  });

  test('comes from standard input', async () => {
    const { status, stdout } = await sluice(['validate', '-f', '-'], { stdin: service });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '1 object valid\n' });
  });
});

describe('bad input', () => {
  test('is shown with its place, a caret and the right spelling, and gives status 1', async () => {
    const file = join(folder({ 'rule.yaml': rule('RANDM') }), 'rule.yaml');
    const { status, stdout, stderr } = await sluice(['validate', '-f', file]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout.replaceAll(file, 'FILE')).toMatchInlineSnapshot(`
      "error SLC0103 FILE:9:7  DestinationRule default/reviews  spec.trafficPolicy.loadBalancer.simple
          "RANDM" is not one of UNSPECIFIED, LEAST_REQUEST, LEAST_CONN, ROUND_ROBIN, RANDOM, PASSTHROUGH; did you mean "RANDOM"?
          9 |       simple: RANDM
            |       ^
      1 object: 1 error
      "
    `);
  });

  test('from standard input is shown with its line too', async () => {
    const { status, stdout } = await sluice(['validate', '-f', '-'], { stdin: rule('RANDM') });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^error SLC0103 \S+:9:7 {2}DestinationRule default\/reviews {2}spec\.\S+simple$/m);
    expect(stdout).toContain('    9 |       simple: RANDM\n');
  });

  test('that does not parse is shown where it breaks, and the other files count', async () => {
    const dir = folder({ 'good.yaml': service, 'bad.yaml': 'kind: [\n' });
    const { status, stdout } = await sluice(['validate', '-f', dir]);
    expect(status).toBe(1);
    expect(stdout).toMatch(new RegExp(`^error SLC0001 ${join(dir, 'bad.yaml')}:\\d+:\\d+$`, 'm'));
    expect(stdout).toMatch(/^1 object: 1 error$/m);
  });

  test('is sorted by file and line', async () => {
    const unknown = service.replace('spec:', 'spce:');
    const dir = folder({ 'b.yaml': documents(rule('RANDM'), unknown), 'a.yaml': rule('ROUND') });
    const { stdout } = await sluice(['validate', '-f', dir]);
    const places = [...stdout.matchAll(/([ab]\.yaml:\d+):/g)].map(([, place]) => place);
    expect(places).toEqual(places.toSorted());
    expect(new Set(places.map((place) => place?.slice(0, 6)))).toEqual(new Set(['a.yaml', 'b.yaml']));
  });

  test('cannot steer the terminal', async () => {
    const { stdout } = await sluice(['validate', '-f', '-'], { stdin: rule('"\\e[31mRED\\u202e\\a"') });
    expect(stdout).toContain('RED');
    expect(stdout).not.toMatch(/[^\n\P{Cc}]|\p{Cf}/u);
  });

  test('of a Secret is not shown', async () => {
    const stdin = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  tls.key: c2VjcmV0\n bad: [c2VjcmV0\n';
    const { status, stdout } = await sluice(['validate', '-f', '-'], { stdin });
    expect(status).toBe(1);
    expect(stdout).not.toContain('c2VjcmV0');
    expect(stdout).toContain('[redacted]');
  });

  test('that is only a warning fails with --strict alone', async () => {
    const stdin = service.replace('spec:\n', 'spec:\n  colour: red\n');
    const lax = await sluice(['validate', '-f', '-'], { stdin });
    const strict = await sluice(['validate', '--strict', '-f', '-'], { stdin });
    expect([lax.status, strict.status]).toEqual([0, 1]);
    expect(lax.stdout).toMatch(/^warning SLC0101 /m);
    expect(lax.stdout).toMatch(/^1 object: 1 warning$/m);
  });
});

test('-o json is one document of the documented shape', async () => {
  const file = join(folder({ 'rule.yaml': rule('RANDM') }), 'rule.yaml');
  const { status, stdout } = await sluice(['validate', '-f', file, '-o', 'json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    objects: 1,
    diagnostics: [
      {
        code: 'SLC0103',
        severity: 'error',
        message: expect.stringContaining('RANDM'),
        fix: expect.any(String),
        object: { kind: 'DestinationRule', namespace: 'default', name: 'reviews' },
        path: 'spec.trafficPolicy.loadBalancer.simple',
        file,
        line: 9,
        column: 7,
      },
    ],
  });
});

test('a path that does not exist is one clear line and status 2', async () => {
  expect(await sluice(['validate', '-f', 'no-such-folder'])).toEqual({
    status: 2,
    stdout: '',
    stderr: 'sluice: there is no file or folder no-such-folder\n',
  });
});
