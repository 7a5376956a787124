// TLS material from a folder: what is refused at the start, and what happens when the files change.
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { TlsFolder, UnusableTlsFolder } from '../../src/identity/tls-folder.ts';
import { readTlsMaterial } from '../../src/identity/tls-material.ts';
import type { WatchedEvent, WatchTimers } from '../../src/identity/watched.ts';
import { type Issued, issueServer, SecretMount, TestCa, type TlsFiles, tlsFiles } from '../harness/certificates.ts';

let ca: TestCa;
let first: Issued;
let second: Issued;

beforeAll(async () => {
  ca = await TestCa.create();
  [first, second] = await Promise.all([issueServer(ca), issueServer(ca)]);
});

const { privateKey: lockedKey } = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' },
});

/** Never looks by itself within a test: a change has to be noticed. */
const timers: WatchTimers = { quiet: 10, patience: 40, recheck: 3_600_000 };

class Watching {
  readonly folder: TlsFolder;
  readonly #events: WatchedEvent[];
  readonly #wake: { call: () => void };

  private constructor(folder: TlsFolder, events: WatchedEvent[], wake: { call: () => void }) {
    this.folder = folder;
    this.#events = events;
    this.#wake = wake;
  }

  static async start(path: string, given: Partial<WatchTimers> = {}): Promise<Watching> {
    const events: WatchedEvent[] = [];
    const wake = { call: () => {} };
    const onEvent = (event: WatchedEvent): void => {
      events.push(event);
      wake.call();
    };
    const folder = await TlsFolder.open(path, { onEvent, timers: { ...timers, ...given } });
    onTestFinished(() => folder.close());
    return new Watching(folder, events, wake);
  }

  /** The next event that was not taken yet. */
  async event(): Promise<WatchedEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.#wake.call = resolve;
      });
    }
  }
}

const refusal = async (files: TlsFiles): Promise<string> => {
  const { path } = new SecretMount(files);
  const error = await TlsFolder.open(path, { onEvent: () => {} }).catch((reason: unknown) => reason);
  if (!(error instanceof UnusableTlsFolder)) throw new Error('the folder was taken');
  expect(error.message).not.toContain('\n');
  return error.message.replaceAll(`${path}/`, '');
};

test('a folder with everything in it is in force, and says what it has', async () => {
  const { path } = new SecretMount(tlsFiles(first, ca.cert));
  const watching = await Watching.start(path);
  expect(watching.folder.options()).toMatchObject({ cert: first.cert, key: first.key, ca: ca.cert });
  expect(await watching.event()).toMatchObject({ kind: 'loaded', summary: { subject: 'CN=leaf' }, warnings: [] });
});

test('what cannot be used is refused at the start, in one line that says which file and what to do', async () => {
  const files = tlsFiles(first, ca.cert);
  const request = { names: [{ type: 'dns', value: 'x' } as const] };
  const make = async (more: object): Promise<TlsFiles> => tlsFiles(await ca.issue({ ...request, ...more }), ca.cert);
  const cases: readonly (readonly [TlsFiles, string])[] = [
    [{}, 'there is no tls.crt: it has to be a readable file in PEM format'],
    [{ 'tls.crt': first.cert, 'ca.crt': ca.cert }, 'there is no tls.key'],
    [{ 'tls.crt': first.cert, 'tls.key': first.key }, 'there is no ca.crt'],
    [{ ...files, 'tls.crt': 'no PEM' }, 'tls.crt has no certificate: it has to be PEM'],
    [{ ...files, 'ca.crt': '' }, 'ca.crt has no certificate'],
    [{ ...files, 'tls.crt': first.cert.replace('MII', 'MIX') }, 'tls.crt has a certificate that cannot be read'],
    [{ ...files, 'tls.key': 'no key' }, 'tls.key has no private key that can be read'],
    [{ ...files, 'tls.key': lockedKey }, 'tls.key is locked with a passphrase'],
    [{ ...files, 'tls.key': second.key }, 'tls.key is not the key of the certificate in tls.crt: replace both'],
    [{ ...files, 'ca.crt': first.cert }, 'ca.crt has a certificate that is no CA: CN=leaf: take it out'],
    [{ ...files, 'ca.crl': 'no list' }, 'ca.crl has to be lists of revoked certificates in PEM format'],
    [{ ...files, 'tls.crt': `${first.cert}${'#'.repeat(1 << 20)}` }, 'tls.crt is not a file of at most'],
    [await make({ to: -1000 }), 'the certificate in tls.crt has expired on'],
    [await make({ from: 60_000 }), 'the certificate in tls.crt is not valid before'],
    [await make({ usages: ['client'] }), 'the certificate in tls.crt may not be used by a server'],
  ];
  for (const [given, message] of cases) expect(await refusal(given)).toContain(message);
});

test('a Secret that turns is in force as a whole, and is announced once', async () => {
  const mount = new SecretMount(tlsFiles(first, ca.cert));
  const watching = await Watching.start(mount.path);
  await watching.event();
  const seen: string[] = [];
  watching.folder.onChange(() => seen.push(watching.folder.options().cert));
  mount.replace(tlsFiles(second, ca.cert));
  expect((await watching.event()).kind).toBe('loaded');
  expect(watching.folder.options()).toMatchObject({ cert: second.cert, key: second.key });
  mount.replace(tlsFiles(first, ca.cert));
  await watching.event();
  expect(seen).toEqual([second.cert, first.cert]);
});

test('S-43: a broken new version is told without anything of the key, and the old one stays in force', async () => {
  const mount = new SecretMount(tlsFiles(first, ca.cert));
  const watching = await Watching.start(mount.path);
  await watching.event();
  const canary = 'Y2FuYXJ5LWNhbmFyeS1jYW5hcnk';
  const key = `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----\n`;
  mount.replace({ ...tlsFiles(second, ca.cert), 'tls.key': key });
  const event = await watching.event();
  expect(event).toEqual({ kind: 'broken', reason: expect.stringContaining('no private key that can be read') });
  expect(JSON.stringify(event)).not.toContain(canary);
  expect(watching.folder.options().cert).toBe(first.cert);
  mount.replace(tlsFiles(second, ca.cert));
  expect((await watching.event()).kind).toBe('loaded');
  expect(watching.folder.options().cert).toBe(second.cert);
});

test('files that are replaced one after the other are no trouble', async () => {
  const mount = new SecretMount(tlsFiles(first, ca.cert));
  const watching = await Watching.start(mount.path, { quiet: 0, patience: 3_600_000 });
  await watching.event();
  const put = (name: string, text: string): void => {
    writeFileSync(join(mount.path, 'draft'), text, { mode: 0o600 });
    renameSync(join(mount.path, 'draft'), join(mount.path, name));
  };
  put('tls.crt', second.cert);
  // Time enough for the folder to be read with files that do not fit together.
  for (const _ of [1, 2, 3, 4, 5]) expect((await readTlsMaterial(mount.path)).kind).toBe('broken');
  put('tls.key', second.key);
  expect((await watching.event()).kind).toBe('loaded');
  expect(watching.folder.options()).toMatchObject({ cert: second.cert, key: second.key });
});

test('a folder that takes the place of the old one is found', async () => {
  const mount = new SecretMount(tlsFiles(first, ca.cert));
  const watching = await Watching.start(mount.path, { recheck: 20 });
  await watching.event();
  rmSync(mount.path, { recursive: true });
  expect(await watching.event()).toMatchObject({ kind: 'broken', reason: expect.stringContaining('there is no') });
  mkdirSync(mount.path);
  for (const [name, text] of Object.entries(tlsFiles(second, ca.cert))) {
    writeFileSync(join(mount.path, name), text, { mode: 0o600 });
  }
  expect((await watching.event()).kind).toBe('loaded');
  expect(watching.folder.options().cert).toBe(second.cert);
});

const warningsOf = async (files: TlsFiles): Promise<readonly string[]> => {
  const { path } = new SecretMount(files);
  const event = await (await Watching.start(path)).event();
  if (event.kind !== 'loaded') throw new Error(event.reason);
  return event.warnings.map((warning) => warning.replaceAll(`${path}/`, ''));
};

test('what works and should be otherwise is a warning', async () => {
  const other = await TestCa.create('CN=Other');
  const old = await TestCa.create('CN=Old', { from: -2000, to: -1000 });
  const lists = await ca.revoke([]);
  expect(await warningsOf(tlsFiles(first, ca.cert, lists))).toEqual([]);
  expect(await warningsOf(tlsFiles(first, other.cert))).toEqual([
    expect.stringContaining('no CA in ca.crt has signed'),
  ]);
  expect(await warningsOf(tlsFiles(first, ca.cert + old.cert))).toEqual(['ca.crt has an expired CA: CN=Old']);
  expect(await warningsOf(tlsFiles(first, ca.cert + other.cert, lists))).toEqual([
    'ca.crl has no current list of CN=Other: every client of that CA is refused',
  ]);
  const stale = await ca.revoke([], { to: -1000 });
  expect(await warningsOf(tlsFiles(first, ca.cert, stale))).toEqual([expect.stringContaining('no current list')]);
  const both = await Promise.all([warningsOf(tlsFiles(first, ca.cert + other.cert, lists + (await other.revoke([]))))]);
  expect(both).toEqual([[]]);
});

test('a key that others can read is a warning', async () => {
  const { path } = new SecretMount(tlsFiles(first, ca.cert));
  chmodSync(join(path, 'tls.key'), 0o640);
  const event = await (await Watching.start(path)).event();
  expect(event).toMatchObject({ warnings: [expect.stringContaining('tls.key can be read by others than its owner')] });
});
