// The bundle, which is what users run: complete in itself, with every command in it.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documents, rule, service, slice } from './input.ts';
import { folder } from './sluice.ts';

test('runs without any package beside it', () => {
  const bundle = folder({});
  execFileSync(process.execPath, ['scripts/build.ts', bundle]);
  const input = documents(service, slice, rule('RANDOM'));
  const run = (...args: readonly string[]): string =>
    execFileSync(process.execPath, [join(bundle, 'main.js'), ...args], { cwd: bundle, input, encoding: 'utf8' });
  expect(run('version')).toMatch(/^sluice \d/);
  expect(run('version', '-o', 'yaml')).toContain('version:');
  expect(run('translate', '-f', '-', '-o', 'yaml')).toContain('lb_policy: RANDOM');
  expect(run('validate', '-f', '-')).toBe('3 objects valid\n');
  expect(run('translate', '-f', '-')).toContain('outbound|80||reviews.default.svc.cluster.local');
  expect(run('serve', '--help')).toContain('Usage: sluice serve');
});
