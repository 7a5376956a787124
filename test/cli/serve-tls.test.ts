// `sluice serve --tls-dir`: where it listens for mutual TLS, and what is wrong with its files or options.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AdsClient } from '../harness/ads-client.ts';
import { issueServer, SecretMount, TestCa, tlsFiles, workload } from '../harness/certificates.ts';
import { documents, rule, service, slice } from './input.ts';
import { folder, serve, sluice } from './sluice.ts';

/** A folder with what a server needs for TLS. */
async function tlsFolder(): Promise<string> {
  const ca = await TestCa.create();
  const { path } = new SecretMount(tlsFiles(await issueServer(ca), ca.cert));
  return path;
}

const input = documents(service, slice, rule('RANDOM'));

test('says where it listens for TLS, beside plain text or instead of it, and what it has there', async () => {
  const tls = ['--tls-dir', await tlsFolder(), '--xds-tls-address', '127.0.0.1:0', '--log-level', 'info'];
  const config = ['--config', folder({ 'all.yaml': input })];
  const both = await serve([...config, ...tls]);
  expect([both.xds, both.xdsTls]).toEqual(Array(2).fill(expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/)));
  expect(JSON.parse(await both.line('TLS files in force'))).toMatchObject({ level: 'info', subject: 'CN=leaf' });
  const alone = await serve([...config, ...tls, '--xds-address', 'none']);
  expect([alone.xds, alone.xdsTls]).toEqual(['', expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/)]);
});

test('TLS files that become unusable are an error in the log, without the key, and it goes on', async () => {
  const path = await tlsFolder();
  const tls = ['--tls-dir', path, '--xds-tls-address', '127.0.0.1:0'];
  const serving = await serve(['--config', folder({ 'all.yaml': input }), ...tls]);
  const key = await issueServer(await TestCa.create()).then((other) => other.key);
  writeFileSync(join(path, 'tls.key'), key);
  const line = JSON.parse(await serving.line('cannot be used')) as Readonly<Record<string, unknown>>;
  expect(line).toMatchObject({ level: 'error', reason: expect.stringContaining('is not the key of the certificate') });
  const { status, stderr } = await serving.end('SIGTERM');
  expect(status).toBe(0);
  expect(stderr).not.toContain(key.split('\n')[1]);
});

test('S-03: who may not be who it says it is is named in the log, with the identity that it has', async () => {
  const ca = await TestCa.create();
  const { path } = new SecretMount(tlsFiles(await issueServer(ca), ca.cert));
  const tls = ['--tls-dir', path, '--xds-tls-address', '127.0.0.1:0'];
  const serving = await serve(['--config', folder({ 'all.yaml': input }), ...tls]);
  const { cert, key } = await ca.issue(workload('shop', 'web'));
  const [root, ...own] = [ca.cert, key, cert].map((pem) => Buffer.from(pem));
  const client = new AdsClient({
    port: Number(serving.xdsTls.split(':')[1]),
    protocol: 'delta',
    node: { id: 'sidecar~10.0.0.1~vault-1.bank~x' },
    credentials: credentials.createSsl(root, ...own),
  });
  onTestFinished(() => client.close());
  client.subscribe('cluster');
  expect(JSON.parse(await serving.line('proxy denied'))).toMatchObject({
    level: 'warn',
    claimed: 'sidecar~10.0.0.1~vault-1.bank~x',
    identity: 'spiffe://cluster.local/ns/shop/sa/web',
    detail: 'the namespace of the node is bank, and that of its certificate is shop',
  });
});

describe('cannot run: one line, status 2', () => {
  test('a port of --xds-tls-address that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      taken.close();
    });
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const addresses = ['--xds-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
    const tls = ['--tls-dir', await tlsFolder(), '--xds-tls-address', `127.0.0.1:${port}`];
    const { status, stderr } = await sluice(['serve', '--config', folder({ 'all.yaml': input }), ...addresses, ...tls]);
    expect(status).toBe(2);
    expect(stderr).toContain(
      `127.0.0.1:${port} is in use by another program: choose another port with --xds-tls-address`,
    );
  });

  test.each([
    ['a TLS folder that does not exist', ['--tls-dir', 'no-such-folder'], 'there is no no-such-folder/tls.crt'],
    ['a trust domain that is none', ['--tls-dir', '.', '--trust-domain', 'A/b'], 'A/b is no trust domain'],
    [
      'an address for TLS without TLS',
      ['--xds-tls-address', '127.0.0.1:0'],
      'of use with --tls-dir, --ca-dir or --ca-secret only',
    ],
    [
      'a trust domain without TLS',
      ['--trust-domain', 'x.example'],
      '--trust-domain is of use with --tls-dir, --ca-dir or --ca-secret only',
    ],
    ['nothing to listen on', ['--xds-address', 'none'], 'add --tls-dir'],
  ])('%s', async (_, args, message) => {
    const config = ['--config', folder({ 'all.yaml': input }), '--http-address', '127.0.0.1:0'];
    const { status, stdout, stderr } = await sluice(['serve', ...config, ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toContain(message);
  });
});
