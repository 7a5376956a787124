// Who gets a certificate, and for which identity: tokens of service accounts, certificates that are renewed, bounds.
import { createSecretKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnsecuredJWT } from 'jose';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { Authority } from '../../src/identity/ca/authority.ts';
import { caFolder } from '../../src/identity/ca/ca-folder.ts';
import { createDesk, type DeskOptions, type DeskOutcome, type DeskRequest } from '../../src/identity/ca/desk.ts';
import { readCertificate } from '../../src/identity/certificate.ts';
import { keyFileReviewer } from '../../src/identity/key-file-reviewer.ts';
import { newKey } from '../harness/ca-files.ts';
import { uri } from '../harness/certificates.ts';
import { makeCsr } from '../harness/csr.ts';
import { rsaPair, TokenIssuer, type TokenRequest, tokenAudience, tokenIssuer } from '../harness/tokens.ts';

let csr = '';
beforeAll(async () => {
  csr = await makeCsr(newKey());
});

type Ask = (request: Partial<DeskRequest>) => Promise<DeskOutcome>;

async function openDesk(issuer: TokenIssuer, more: Partial<DeskOptions> & { now?: () => number } = {}): Promise<Ask> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-desk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const authority = await Authority.open({ store: caFolder(folder), organization: 'mesh', onEvent: () => {} });
  onTestFinished(() => authority.close());
  const { now, ...rest } = more;
  const clock = now === undefined ? {} : { now };
  const tokens = keyFileReviewer({ path: issuer.path, issuer: tokenIssuer, audiences: [tokenAudience], ...clock });
  const desk = createDesk({ authority, tokens, trustDomain: () => 'cluster.local', ...rest });
  return (request) => desk({ csr, lifetime: null, tokens: [], certificate: null, ...request });
}

const reasonOf = (outcome: DeskOutcome): string =>
  outcome.kind === 'signed' ? 'signed' : `${outcome.kind}: ${outcome.reason}`;
const urisOf = (outcome: DeskOutcome): readonly string[] | undefined =>
  outcome.kind === 'signed' ? readCertificate(new X509Certificate(outcome.chain[0] ?? ''))?.uris : undefined;

test.each(['rsa', 'ec'] as const)('a token of a service account, signed by %s, gets its identity', async (kind) => {
  const issuer = new TokenIssuer(kind);
  const ask = await openDesk(issuer);
  expect(urisOf(await ask({ tokens: [await issuer.token()] }))).toEqual(['spiffe://cluster.local/ns/shop/sa/web']);
});

test('what the request asks for is ignored', async () => {
  const issuer = new TokenIssuer();
  const ask = await openDesk(issuer);
  const wishes = [uri('spiffe://cluster.local/ns/istio-system/sa/admin'), { type: 'dns', value: 'admin' } as const];
  const outcome = await ask({ csr: await makeCsr(newKey(), wishes), tokens: [await issuer.token()] });
  expect(urisOf(outcome)).toEqual(['spiffe://cluster.local/ns/shop/sa/web']);
  const [leaf = '', roots = ''] = outcome.kind === 'signed' ? outcome.chain : [];
  expect(new X509Certificate(leaf)).toMatchObject({ subjectAltName: 'URI:spiffe://cluster.local/ns/shop/sa/web' });
  expect(new X509Certificate(leaf).verify(new X509Certificate(roots).publicKey)).toBe(true);
});

test('S-02: a token that does not hold gets nothing, and its owner is told why, without anything of it', async () => {
  const issuer = new TokenIssuer('rsa');
  const ask = await openDesk(issuer);
  const other = rsaPair().privateKey;
  const bad: readonly (readonly [string, TokenRequest])[] = [
    ['the token has expired', { to: -1 }],
    ['the token is not valid yet', { from: 60 }],
    ['the token is for another audience', { audience: 'vault' }],
    ['the token is from another issuer', { issuer: 'https://elsewhere.example' }],
    ['the token is not signed with any key that is known here', { key: other }],
    ['the token is not one of a service account', { claims: { sub: 'admin' } }],
    ['the token is not one of a service account', { claims: { sub: 'system:serviceaccount:a:b:c' } }],
    ['the token is not one of a service account', { claims: { sub: 'system:serviceaccount:a/ns/b:c' } }],
    // The public key is no secret: whoever has it could sign with it.
    [
      'the token is not signed with any key that is known here',
      { key: createSecretKey(Buffer.from(issuer.publicKey)), algorithm: 'HS256' },
    ],
  ];
  for (const [words, request] of bad) {
    const token = await issuer.token(request);
    const reason = reasonOf(await ask({ tokens: [token] }));
    expect(reason).toMatch(/^unauthenticated: /);
    expect(reason).toContain(words.startsWith('the token is not signed') ? 'the token is' : words);
    for (const part of token.split('.')) expect(reason).not.toContain(part);
  }
  const unsigned = new UnsecuredJWT({ sub: 'system:serviceaccount:shop:web' }).setAudience(tokenAudience).encode();
  for (const token of [unsigned, '', 'x', 'a.b.c', 'x'.repeat(20_000)]) {
    expect(reasonOf(await ask({ tokens: [token] }))).toMatch(/^unauthenticated: the token /);
  }
  const good = await issuer.token();
  expect(reasonOf(await ask({ tokens: [good, good] }))).toBe('unauthenticated: the request has more than one token');
  expect(reasonOf(await ask({}))).toContain('a token of a service account is required');
});

test('S-52: a token holds until the second that it names, and no longer', async () => {
  const issuer = new TokenIssuer();
  let now = Date.now();
  const ask = await openDesk(issuer, { now: () => now });
  const token = await issuer.token({ to: 600 });
  const expires = (Math.floor(Date.now() / 1000) + 600) * 1000;
  now = expires - 2_000;
  expect(reasonOf(await ask({ tokens: [token] }))).toBe('signed');
  now = expires + 1_000;
  expect(reasonOf(await ask({ tokens: [token] }))).toContain('the token has expired');
  now = expires - 700_000;
  expect(reasonOf(await ask({ tokens: [token] }))).toContain('the token is not valid yet');
});

test('the keys of tokens may be replaced at any time, and may be several', async () => {
  const issuer = new TokenIssuer('ec');
  const ask = await openDesk(issuer);
  issuer.publish([rsaPair().privateKey, newKey()]);
  expect(reasonOf(await ask({ tokens: [await issuer.token()] }))).toBe('signed');
  rmSync(issuer.path);
  expect(reasonOf(await ask({ tokens: [await issuer.token()] }))).toBe(
    'unavailable: the keys of tokens cannot be read',
  );
});

test('a valid certificate gets another one for the same identity', async () => {
  const ask = await openDesk(new TokenIssuer(), { tokens: null });
  const certificate = { trustDomain: 'cluster.local', namespace: 'bank', serviceAccount: 'vault' };
  expect(urisOf(await ask({ certificate }))).toEqual(['spiffe://cluster.local/ns/bank/sa/vault']);
  expect(reasonOf(await ask({ certificate, tokens: ['x'] }))).toBe('unauthenticated: tokens are not accepted here');
});

test('a request that is not signed with its key, or has a weak one, gets nothing', async () => {
  const issuer = new TokenIssuer();
  const ask = await openDesk(issuer);
  const tokens = [await issuer.token()];
  const body = csr.split('\n');
  const line = body.length - 4;
  const forged = [
    ...body.slice(0, line),
    `${body[line]}`.replace(/[A-Y]/, (letter) => (letter === 'A' ? 'B' : 'A')),
    ...body.slice(line + 1),
  ];
  for (const bad of ['', 'x', csr + csr, forged.join('\n'), `${csr}${'x'.repeat(20_000)}`, csr.replace(/M/, '!')]) {
    expect(reasonOf(await ask({ csr: bad, tokens }))).toMatch(/^invalid: the certificate signing request /);
  }
});

test('S-52: a caller has its share, and others have theirs', async () => {
  const issuer = new TokenIssuer();
  let elapsed = 0;
  const ask = await openDesk(issuer, { limits: { burst: 2, every: 1_000 }, elapsed: () => elapsed });
  const [web, cart] = [await issuer.token(), await issuer.token({ serviceAccount: 'cart' })];
  const kinds = async (token: string, count: number): Promise<readonly string[]> => {
    const all: string[] = [];
    for (let each = 0; each < count; each += 1) all.push((await ask({ tokens: [token] })).kind);
    return all;
  };
  expect(await kinds(web, 3)).toEqual(['signed', 'signed', 'exhausted']);
  expect(await kinds(cart, 1)).toEqual(['signed']);
  elapsed = 1_000;
  expect(await kinds(web, 2)).toEqual(['signed', 'exhausted']);
});
