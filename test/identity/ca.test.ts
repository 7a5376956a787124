// The CA of the mesh: where its files come from, what is refused, what it signs, and how one follows another.
import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Authority, type AuthorityOptions, UnusableCa } from '../../src/identity/ca/authority.ts';
import { caFolder } from '../../src/identity/ca/ca-folder.ts';
import type { CaFiles } from '../../src/identity/ca/ca-material.ts';
import { clockSkew } from '../../src/identity/ca/issue.ts';
import { readCertificate } from '../../src/identity/certificate.ts';
import type { WatchedEvent } from '../../src/identity/watched.ts';
import { filesOf, type KeyKind, makeCa, newKey, pemOf } from '../harness/ca-files.ts';

const hour = 3_600_000;
const names = [{ type: 'url', value: 'spiffe://cluster.local/ns/shop/sa/web' }] as const;
const publicKeyOf = (key = newKey()): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }));

function newFolder(files: Partial<CaFiles> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-ca-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  write(path, files);
  return path;
}

function write(path: string, files: Partial<CaFiles>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, { mode: 0o600 });
}

interface Opened {
  readonly authority: Authority;
  /** The next event that was not taken yet. */
  readonly event: () => Promise<WatchedEvent>;
}

async function openCa(path: string, more: Partial<AuthorityOptions> = {}): Promise<Opened> {
  const events: WatchedEvent[] = [];
  let wake = (): void => {};
  const onEvent = (event: WatchedEvent): void => {
    events.push(event);
    wake();
  };
  const timers = { quiet: 10, patience: 40, recheck: hour };
  const authority = await Authority.open({
    store: caFolder(path),
    organization: 'cluster.local',
    onEvent,
    timers,
    ...more,
  });
  onTestFinished(() => authority.close());
  const event = async (): Promise<WatchedEvent> => {
    for (;;) {
      const first = events.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { authority, event };
}

const signWeb = (authority: Authority, lifetime: number | null = null, key = newKey()) =>
  authority.sign({ publicKey: publicKeyOf(key), names, client: true, lifetime });

/** Whether a client that believes the roots takes a server with the chain. */
async function handshake(chain: readonly string[], key: string, roots: string): Promise<string> {
  const server = createServer({ cert: chain.join(''), key });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca: roots, checkServerIdentity: () => undefined });
  const outcome = Promise.race([
    once(socket, 'secureConnect').then(() => 'taken'),
    once(socket, 'error').then(([error]) => String((error as NodeJS.ErrnoException).code)),
  ]);
  const text = await outcome;
  socket.destroy();
  return text;
}

describe('a root of our own', () => {
  test('is made at the first start, kept, and readable by its owner alone', async () => {
    const path = join(newFolder(), 'ca');
    const first = await openCa(path);
    const again = await openCa(path);
    expect(again.authority.roots()).toBe(first.authority.roots());
    expect(statSync(join(path, 'ca-key.pem')).mode & 0o777).toBe(0o600);
    expect(existsSync(join(path, 'cert-chain.pem'))).toBe(false);
    expect(new X509Certificate(first.authority.roots())).toMatchObject({ ca: true });
  });

  test('is one and the same for two that start at once', async () => {
    const path = join(newFolder(), 'ca');
    const [one, other] = await Promise.all([openCa(path), openCa(path)]);
    expect(one.authority.roots()).toBe(other.authority.roots());
  });
});

describe('a certificate', () => {
  test('has the SPIFFE id as its only name, which is critical, and may serve and call', async () => {
    const { authority } = await openCa(newFolder());
    const { chain } = await signWeb(authority);
    const leaf = new X509Certificate(chain[0] ?? '');
    expect(readCertificate(leaf)).toEqual({ uris: [names[0].value], signs: false, usages: ['client', 'server'] });
    expect(leaf.subject).toBeFalsy();
    // OID subjectAltName, TRUE.
    expect(leaf.raw.toString('hex')).toContain('0603551d110101ff');
  });

  test('lives no longer than allowed, nor longer than its CA, and is valid for clocks that are behind', async () => {
    const { authority } = await openCa(newFolder(filesOf(await makeCa({ name: 'short', to: 2 * hour }))), {
      lifetime: hour,
    });
    const life = async (asked: number | null): Promise<readonly [number, number]> => {
      const now = Date.now();
      const { validFromDate, validToDate } = new X509Certificate((await signWeb(authority, asked)).chain[0] ?? '');
      return [now - validFromDate.getTime(), validToDate.getTime() - now].map((each) =>
        Math.round(each / 60_000),
      ) as never;
    };
    expect(await life(null)).toEqual([clockSkew / 60_000, 60]);
    expect(await life(100 * hour)).toEqual([clockSkew / 60_000, 60]);
    expect(await life(600_000)).toEqual([clockSkew / 60_000, 10]);
    const longer = await openCa(newFolder(filesOf(await makeCa({ name: 'short', to: 2 * hour }))), {
      lifetime: 9 * hour,
    });
    const { validToDate } = new X509Certificate((await signWeb(longer.authority)).chain[0] ?? '');
    expect(validToDate.getTime()).toBeLessThanOrEqual(Date.now() + 2 * hour);
  });

  test('has a serial number that nobody can guess', async () => {
    const { authority } = await openCa(newFolder());
    const numbers = await Promise.all(Array.from({ length: 20 }, () => signWeb(authority)));
    const distinct = new Set(numbers.map(({ chain }) => new X509Certificate(chain[0] ?? '').serialNumber));
    expect(distinct.size).toBe(20);
    for (const each of distinct) expect(each).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});

describe('R-94: a plugged-in CA', () => {
  const kinds: readonly (readonly [string, KeyKind, 'pkcs1' | 'pkcs8' | 'sec1'])[] = [
    ['RSA in PKCS#1', 'rsa', 'pkcs1'],
    ['RSA in PKCS#8', 'rsa', 'pkcs8'],
    ['EC in SEC 1', 'ec', 'sec1'],
    ['EC in PKCS#8', 'ec-384', 'pkcs8'],
    ['Ed25519', 'ed25519', 'pkcs8'],
  ];
  test.each(kinds)('with a key that is %s signs what others believe', async (_, kind, form) => {
    const ca = await makeCa({ name: 'plugged-in', kind });
    const { authority } = await openCa(newFolder({ ...filesOf(ca), 'ca-key.pem': `\u{feff}${pemOf(ca.key, form)}` }));
    const key = newKey();
    const { chain, roots } = await signWeb(authority, null, key);
    expect(await handshake(chain, pemOf(key), roots)).toBe('taken');
  });

  test('under intermediates sends them along, and the root not', async () => {
    const root = await makeCa({ name: 'root' });
    const middle = await makeCa({ name: 'middle', under: root });
    const last = await makeCa({ name: 'last', under: middle });
    const files = {
      ...filesOf(last),
      'root-cert.pem': root.cert,
      'cert-chain.pem': last.cert + middle.cert + root.cert,
    };
    const { authority } = await openCa(newFolder(files));
    const key = newKey();
    const { chain, roots } = await signWeb(authority, null, key);
    expect(roots).toBe(root.cert);
    expect(chain.join('').match(/BEGIN/g)).toHaveLength(3);
    expect(await handshake(chain, pemOf(key), roots)).toBe('taken');
  });
});

describe('R-94: a plugged-in CA that cannot be used', () => {
  test('is refused, in one line that says which file and what to do', async () => {
    const root = await makeCa({ name: 'root' });
    const stale = await makeCa({ name: 'stale', under: root, to: -1000 });
    const last = await makeCa({ name: 'last', under: stale });
    const expired = await makeCa({ name: 'expired', to: -1000 });
    const early = await makeCa({ name: 'early', from: hour });
    const small = await makeCa({ name: 'small', kind: 'rsa-small' });
    const leaf = await makeCa({ name: 'leaf', under: root, isCa: false });
    const linked = { 'root-cert.pem': root.cert };
    const bad: Readonly<Record<string, Partial<CaFiles>>> = {
      'not the key of': { ...filesOf(root), 'ca-key.pem': pemOf(newKey()) },
      'cert-chain.pem: the certificate CN=stale has expired': {
        ...filesOf(last),
        ...linked,
        'cert-chain.pem': stale.cert,
      },
      'CN=expired has expired': filesOf(expired),
      'CN=early is not valid before': filesOf(early),
      'is not linked to any root': { ...filesOf(last), ...linked },
      'ca-key.pem cannot sign': filesOf(small),
      'is no CA: CN=leaf': { ...filesOf(leaf), ...linked },
      'there is no root-cert.pem': { 'ca-cert.pem': root.cert, 'ca-key.pem': pemOf(root.key) },
      'there is no ca-cert.pem': { 'ca-key.pem': pemOf(root.key), ...linked },
      'no private key that can be read': { ...filesOf(root), 'ca-key.pem': 'x' },
    };
    for (const [words, files] of Object.entries(bad)) {
      const path = newFolder(files);
      const error = await openCa(path).catch((reason: unknown) => reason);
      expect(error, words).toBeInstanceOf(UnusableCa);
      const message = String((error as Error).message).replaceAll(`${path}/`, '');
      expect(message).toContain(words);
      expect(message).not.toContain('\n');
    }
  });

  test('does not replace one that can, and that is told once', async () => {
    const path = newFolder(filesOf(await makeCa({ name: 'good' })));
    const { authority, event } = await openCa(path);
    const roots = authority.roots();
    expect(await event()).toMatchObject({ kind: 'loaded', summary: { subject: 'CN=good' } });
    write(path, { 'ca-key.pem': pemOf(newKey()) });
    expect(await event()).toMatchObject({ kind: 'broken', reason: expect.stringContaining('is not the key of') });
    expect(authority.roots()).toBe(roots);
    expect((await signWeb(authority)).roots).toBe(roots);
    expect(readFileSync(join(path, 'ca-key.pem'), 'utf8')).toContain('PRIVATE KEY');
  });
});

describe('R-90: one CA after another', () => {
  const subjectOf = (pem = ''): string => new X509Certificate(pem).issuer;

  test('a root that nobody knows is believed for a while before it signs, and the old one for as long after', async () => {
    let now = Date.now();
    const clock = { now: () => now, look: 5 };
    const old = await makeCa({ name: 'old' });
    const path = newFolder(filesOf(old));
    const { authority, event } = await openCa(path, { lifetime: hour, clock });
    const changed = (): Promise<void> =>
      new Promise((resolve) => {
        const forget = authority.onChange(() => {
          forget();
          resolve();
        });
      });
    await event();
    const next = await makeCa({ name: 'new' });
    const announced = changed();
    write(path, filesOf(next));
    await announced;
    expect(authority.roots()).toBe(old.cert + next.cert);
    expect(subjectOf((await signWeb(authority)).chain[0])).toBe('CN=old');

    const signs = changed();
    now += hour;
    await signs;
    expect(authority.roots()).toBe(next.cert + old.cert);
    expect(subjectOf((await signWeb(authority)).chain[0])).toBe('CN=new');

    const alone = changed();
    now += hour;
    await alone;
    expect(authority.roots()).toBe(next.cert);
  });

  test('one under a root that is believed already signs at once', async () => {
    const root = await makeCa({ name: 'root' });
    const [one, other] = [await makeCa({ name: 'one', under: root }), await makeCa({ name: 'other', under: root })];
    const files = (ca: typeof one): CaFiles => ({ ...filesOf(ca), 'root-cert.pem': root.cert });
    const path = newFolder(files(one));
    const { authority } = await openCa(path);
    const changed = new Promise<void>((resolve) => authority.onChange(resolve));
    write(path, files(other));
    await changed;
    expect(subjectOf((await signWeb(authority)).chain[0])).toBe('CN=other');
    expect(authority.roots()).toBe(root.cert);
  });
});
