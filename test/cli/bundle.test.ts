// The bundle, which is what users run: complete in itself, with every command in it.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { call, converse } from '../xds/services/client.ts';
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

test('serves health and reflection, whose packages read files', async () => {
  const bundle = folder({});
  execFileSync(process.execPath, ['scripts/build.ts', bundle]);
  const config = folder({ 'all.yaml': documents(service, slice) });
  const addresses = ['--xds-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const child = spawn(process.execPath, [join(bundle, 'main.js'), 'serve', '--config', config, ...addresses], {
    cwd: bundle,
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  while (!/^listening .*\n/m.test(log)) await once(child.stderr, 'data');
  const port = Number(/xds=127\.0\.0\.1:(\d+)/.exec(log)?.[1]);
  expect(await call(port, 'grpc.health.v1.Health', 'Check', { service: '' })).toEqual({ status: 'SERVING' });
  const stream = converse(port, 'grpc.reflection.v1.ServerReflection', 'ServerReflectionInfo');
  stream.write({ file_containing_symbol: 'envoy.config.cluster.v3.Cluster' });
  expect(await stream.next()).toHaveProperty('file_descriptor_response');
});
