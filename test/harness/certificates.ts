// A CA of a test, and certificates of every kind, good and bad.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509';
import { onTestFinished } from 'vitest';

cryptoProvider.set(webcrypto);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;

/** PEM texts. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly serialNumber: string;
}

export interface Request {
  readonly subject?: string;
  /** The alternative names. */
  readonly names?: readonly JsonGeneralName[];
  readonly usages?: readonly ('client' | 'server')[];
  /** In milliseconds from now. */
  readonly from?: number;
  readonly to?: number;
  /** Any other extensions. */
  readonly extensions?: readonly Extension[];
  readonly isCa?: boolean;
}

export const uri = (value: string): JsonGeneralName => ({ type: 'url', value });

/** The names of a workload's certificate. */
export function workload(namespace: string, serviceAccount: string, trustDomain = 'cluster.local'): Request {
  return { names: [uri(`spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`)] };
}

function extensionsOf({ names, usages = ['client', 'server'], extensions = [], isCa = false }: Request): Extension[] {
  const purposes = usages.map((usage) =>
    usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth,
  );
  return [
    new BasicConstraintsExtension(isCa, undefined, true),
    new KeyUsagesExtension(
      KeyUsageFlags.digitalSignature | (isCa ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : 0),
      true,
    ),
    ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension(purposes)]),
    ...(names === undefined ? [] : [new SubjectAlternativeNameExtension([...names])]),
    ...extensions,
  ];
}

const validity = ({ from = -hour, to = hour }: Request) => ({
  notBefore: new Date(Date.now() + from),
  notAfter: new Date(Date.now() + to),
});

async function exportKey({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** A CA with a key of its own; two of the same name share nothing but that. */
export class TestCa {
  /** PEM. */
  readonly cert: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: X509Certificate;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
    this.cert = `${certificate.toString('pem')}\n`;
  }

  static async create(name = 'CN=Test CA', request: Request = {}): Promise<TestCa> {
    const keys = await newKeys();
    const extensions = extensionsOf({ usages: [], isCa: true });
    const options = { name, keys, extensions, signingAlgorithm: algorithm, ...validity({ to: 10 * hour, ...request }) };
    return new TestCa(keys, await X509CertificateGenerator.createSelfSigned(options));
  }

  async issue(request: Request): Promise<Issued> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: request.subject ?? 'CN=leaf',
      issuer: this.#certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: extensionsOf(request),
      ...validity(request),
    });
    return {
      cert: `${certificate.toString('pem')}\n`,
      key: await exportKey(keys),
      serialNumber: certificate.serialNumber,
    };
  }

  /** A list of these revoked certificates, as PEM. */
  async revoke(certificates: readonly Issued[], { from = -hour, to = hour }: Request = {}): Promise<string> {
    const list = await X509CrlGenerator.create({
      issuer: this.#certificate.subjectName,
      thisUpdate: new Date(Date.now() + from),
      nextUpdate: new Date(Date.now() + to),
      // With a reason: without one the library writes an empty list of extensions, which Envoy does not take.
      entries: certificates.map(({ serialNumber }) => ({
        serialNumber,
        revocationDate: new Date(Date.now() - hour),
        reason: X509CrlReason.keyCompromise,
      })),
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
    });
    // The library's own label is CRL.
    return `${list.toString('pem').replaceAll(' CRL-', ' X509 CRL-')}\n`;
  }
}

/** A certificate that nobody has signed but its own key. */
export async function selfSigned(request: Request): Promise<Issued> {
  const keys = await newKeys();
  const options = { name: 'CN=self', keys, extensions: extensionsOf(request), signingAlgorithm: algorithm };
  const certificate = await X509CertificateGenerator.createSelfSigned({ ...options, ...validity(request) });
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: await exportKey(keys),
    serialNumber: certificate.serialNumber,
  };
}

/** The name that servers' certificates have. */
export const serverName = 'sluice.test';

export function issueServer(ca: TestCa): Promise<Issued> {
  return ca.issue({
    names: [
      { type: 'dns', value: serverName },
      { type: 'ip', value: '127.0.0.1' },
    ],
    usages: ['server'],
  });
}

export type TlsFiles = Readonly<Partial<Record<'tls.crt' | 'tls.key' | 'ca.crt' | 'ca.crl', string>>>;

export function tlsFiles({ cert, key }: Issued, ca: string, crl?: string): TlsFiles {
  return { 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca, ...(crl === undefined ? {} : { 'ca.crl': crl }) };
}

/** A folder as Kubernetes mounts a Secret: the files are links through `..data`, which is turned as a whole. It goes at the end. */
export class SecretMount {
  readonly path = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  #version = 0;
  #linked: ReadonlySet<string> = new Set();

  constructor(files: TlsFiles, atEnd: (remove: () => void) => void = onTestFinished) {
    atEnd(() => rmSync(this.path, { recursive: true, force: true }));
    this.replace(files);
  }

  /** Turns to new files, all at once. As in Kubernetes a file that was not there before gets its link after that. */
  replace(files: TlsFiles): void {
    this.#version += 1;
    const [folder, before] = [`..v${this.#version}`, `..v${this.#version - 1}`];
    mkdirSync(join(this.path, folder));
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(this.path, folder, name), text, { mode: 0o600 });
    symlinkSync(folder, join(this.path, '..data_tmp'));
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'));
    for (const name of Object.keys(files))
      if (!this.#linked.has(name)) symlinkSync(`..data/${name}`, join(this.path, name));
    this.#linked = new Set([...this.#linked, ...Object.keys(files)]);
    rmSync(join(this.path, before), { recursive: true, force: true });
  }
}
