// `sluice serve --ca-dir`: the control plane is the CA. Workloads get certificates for their tokens, and are let in by them.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { readCertificate } from '../../src/identity/certificate.ts';
import { AdsClient } from '../harness/ads-client.ts';
import { filesOf, makeCa, newKey, pemOf } from '../harness/ca-files.ts';
import { type Answer, type AskOptions, askForCertificate } from '../harness/certificate-client.ts';
import { serverName } from '../harness/certificates.ts';
import { makeCsr } from '../harness/csr.ts';
import { TokenIssuer, tokenIssuer } from '../harness/tokens.ts';
import { documents, rule, service, slice } from './input.ts';
import { folder, type Serving, serve, sluice } from './sluice.ts';

const day = 24 * 3_600_000;
const input = documents(service, slice, rule('RANDOM'));

interface Installation {
  readonly serving: Serving;
  readonly issuer: TokenIssuer;
  readonly caDir: string;
  readonly roots: string;
  readonly port: number;
  ask(options: Partial<AskOptions>): Promise<Answer>;
}

async function install(
  more: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
  mesh = '',
): Promise<Installation> {
  const caDir = mkdtempSync(join(tmpdir(), 'sluice-ca-'));
  onTestFinished(() => rmSync(caDir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(caDir, name), text, { mode: 0o600 });
  const issuer = new TokenIssuer('rsa');
  const tokens = ['--token-keys', issuer.path, '--token-issuer', tokenIssuer];
  const tls = ['--ca-dir', caDir, '--server-name', serverName, '--xds-tls-address', '127.0.0.1:0'];
  const config = [
    '--config',
    folder({ 'all.yaml': input, 'mesh.yaml': mesh }),
    '--log-level',
    'debug',
    '--log-format',
    'json',
  ];
  const serving = await serve([...config, ...tls, ...tokens, ...more]);
  const port = Number(serving.xdsTls.split(':')[1]);
  const roots = readFileSync(join(caDir, 'root-cert.pem'), 'utf8');
  const csr = await makeCsr(newKey());
  const ask: Installation['ask'] = (options) => askForCertificate({ port, roots, serverName, csr, ...options });
  return { serving, issuer, caDir, roots, port, ask };
}

const chainOf = (answer: Answer): readonly string[] => ('chain' in answer ? answer.chain : []);
const uriOf = (answer: Answer) => readCertificate(new X509Certificate(chainOf(answer)[0] ?? ''))?.uris;

test('a workload gets a certificate for its token, is let in by it, and gets the next one for it', async () => {
  const { issuer, ask, port, roots, serving } = await install();
  const key = newKey();
  const csr = await makeCsr(key);
  const first = await ask({ csr, token: await issuer.token() });
  expect(uriOf(first)).toEqual(['spiffe://cluster.local/ns/shop/sa/web']);
  expect(chainOf(first).at(-1)).toBe(roots);
  const certificate = { cert: chainOf(first)[0] ?? '', key: pemOf(key) };
  const client = new AdsClient({
    port,
    protocol: 'delta',
    node: { id: 'sidecar~10.0.0.1~web-1.shop~x' },
    credentials: credentials.createSsl(Buffer.from(roots), Buffer.from(certificate.key), Buffer.from(certificate.cert)),
  });
  onTestFinished(() => client.close());
  client.subscribe('cluster');
  await client.next('cluster');
  expect(uriOf(await ask({ certificate, seconds: 600 }))).toEqual(['spiffe://cluster.local/ns/shop/sa/web']);
  const metrics = await (await fetch(`http://${serving.http}/metrics`)).text();
  expect(metrics).toContain('sluice_certificate_requests_total{outcome="signed"} 2');
  expect(metrics).toMatch(/sluice_certificate_expiry_timestamp_seconds\{certificate="ca"\} \d{10}\n/);
});

describe('S-02: a token', () => {
  test('gets nothing over plain text', async () => {
    const { issuer, ask, serving } = await install();
    const plain = { roots: null, port: Number(serving.xds.split(':')[1]) };
    expect(await ask({ ...plain, token: await issuer.token() })).toEqual({
      code: status.UNAUTHENTICATED,
      details: 'certificates are given over TLS only',
    });
  });

  test('is accepted by no other method', async () => {
    const { issuer, port, roots } = await install();
    const token = await issuer.token();
    for (const path of ['/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus', '/x/y']) {
      const answer = await askForCertificate({ port, roots, serverName, csr: '', token, path });
      expect(answer, path).toMatchObject({ code: status.UNAUTHENTICATED, details: 'a client certificate is required' });
    }
  });

  test('that does not hold gets nothing', async () => {
    const { issuer, ask } = await install();
    for (const request of [{ to: -10 }, { audience: 'x' }, { issuer: 'x' }, { key: newKey() }]) {
      expect(await ask({ token: await issuer.token(request) })).toMatchObject({ code: status.UNAUTHENTICATED });
    }
    expect(await ask({})).toMatchObject({ code: status.UNAUTHENTICATED });
  });
});

test('S-43: nothing of keys and tokens is in the log, in answers or in metrics', async () => {
  const { issuer, ask, serving, caDir } = await install();
  const tokens = [await issuer.token(), await issuer.token({ to: -10 }), 'canary-of-a-token'];
  const answers: Answer[] = [];
  for (const token of tokens) answers.push(await ask({ token }));
  answers.push(await ask({ token: await issuer.token(), csr: 'canary-of-a-request' }));
  const metrics = await (await fetch(`http://${serving.http}/metrics`)).text();
  const { stderr } = await serving.end('SIGTERM');
  const caKey = readFileSync(join(caDir, 'ca-key.pem'), 'utf8').split('\n')[1] ?? '';
  const secrets = [...tokens.flatMap((token) => token.split('.')), 'canary', caKey].filter((part) => part.length > 5);
  expect(stderr).toContain('certificate signed');
  expect(stderr).toContain('the token has expired');
  for (const secret of secrets) {
    expect([stderr, metrics, JSON.stringify(answers)].filter((text) => text.includes(secret))).toEqual([]);
  }
});

test('R-91: a CA that comes to its end is told of, and so is what goes with its trust domain', async () => {
  const ca = await makeCa({ name: 'old', from: -300 * day, to: 6 * day });
  const mesh = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'istio', namespace: 'istio-system' } };
  const config = stringify({ ...mesh, data: { mesh: 'trustDomain: example.com' } });
  const { serving, ask, issuer } = await install([], { ...filesOf(ca) }, config);
  expect(JSON.parse(await serving.line('expires in less than 7 days'))).toMatchObject({
    level: 'warn',
    certificate: 'ca',
  });
  expect(uriOf(await ask({ token: await issuer.token() }))).toEqual(['spiffe://example.com/ns/shop/sa/web']);
});

test.each([
  ['a CA in an unusable folder', ['--ca-dir', '/proc/x'], 'the folder has to be writable, or have a CA (--ca-dir)'],
  ['a CA where no folder can be', ['--ca-dir', '/dev/null/x'], 'cannot read /dev/null/x/ca-cert.pem'],
  ['two sources of one certificate', ['--ca-dir', 'x', '--tls-dir', 'x'], 'choose one'],
  ['tokens without a CA', ['--token-keys', 'x'], '--token-keys is of use with --ca-dir or --ca-secret only'],
  ['tokens of nobody', ['--ca-dir', 'x', '--token-keys', 'x'], 'both are required'],
  [
    'a life of no length',
    ['--ca-dir', 'x', '--certificate-lifetime', '0h'],
    'It is written as 24h, 90m, 600s or 500ms',
  ],
  [
    'keys that are not there',
    ['--ca-dir', 'x', '--token-keys', 'no-such-file', '--token-issuer', 'x'],
    'there is no no-such-file',
  ],
])('cannot run: %s', async (_, args, message) => {
  const config = ['--config', folder({ 'all.yaml': input }), '--http-address', '127.0.0.1:0'];
  const { status: code, stdout, stderr } = await sluice(['serve', ...config, ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
});
