// What the server needs for TLS, read from a folder laid out as Kubernetes' TLS Secrets are, and checked as a whole.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { readCertificate } from './certificate.ts';
import { pemBlocks } from './pem.ts';
import { readRevocations, unrevocable } from './revocations.ts';

/** PEM texts, as node:tls takes them. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  /** One list of revoked certificates each; left out: nothing is revoked. */
  readonly crl?: readonly string[];
}

export interface ReadMaterial {
  readonly material: TlsMaterial;
  /** What the certificate says of itself, for the log. */
  readonly summary: { readonly subject: string; readonly fingerprint: string; readonly expires: string };
  /** When each CA and each list of revoked certificates runs out, in milliseconds since 1970. */
  readonly ends: readonly number[];
  /** What works and should be otherwise. */
  readonly warnings: readonly string[];
}

export type MaterialOutcome =
  | ({ readonly kind: 'read' } & ReadMaterial)
  /** One line: which file, what is wrong with it, and what to do. Never anything of a key. */
  | { readonly kind: 'broken'; readonly reason: string };

/** A file of more bytes is not read. */
const largestFile = 1 << 20;

/** Why the folder cannot be used; only ever caught in this file. */
class Broken extends Error {}

/** Reads `tls.crt` (the certificate and what links it to a CA), `tls.key`, `ca.crt` and, where there is one, `ca.crl`. */
export async function readTlsMaterial(folder: string): Promise<MaterialOutcome> {
  try {
    // One after the other, so that it is always the first file that is complained of.
    const crt = await readPem(folder, 'tls.crt');
    const key = await readPem(folder, 'tls.key');
    const ca = await readPem(folder, 'ca.crt');
    const crl = await readOptional(folder, 'ca.crl');
    return { kind: 'read', ...check({ crt, key, ca, crl }) };
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', reason: error.message };
    throw error;
  }
}

interface PemFile {
  readonly path: string;
  readonly text: string;
  /** Whether others than its owner can read it. */
  readonly shared: boolean;
}

interface PemFiles {
  readonly crt: PemFile;
  readonly key: PemFile;
  readonly ca: PemFile;
  readonly crl: PemFile | null;
}

async function readPem(folder: string, name: string): Promise<PemFile> {
  const file = await readOptional(folder, name);
  if (file !== null) return file;
  throw new Broken(`there is no ${join(folder, name)}: it has to be a readable file in PEM format`);
}

/** Null where there is no such file. */
async function readOptional(folder: string, name: string): Promise<PemFile | null> {
  const path = join(folder, name);
  try {
    // Not waiting for whoever writes into a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > largestFile) {
      throw new Broken(`${path} is not a file of at most ${largestFile} bytes: it has to be one in PEM format`);
    }
    return { path, text: await file.readFile('utf8'), shared: (stat.mode & 0o044) !== 0 };
  } catch (error) {
    if (error instanceof Broken) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    if (code === 'ENOENT') return null;
    throw new Broken(`cannot read ${path} (${code}): it has to be a readable file in PEM format`);
  }
}

function check({ crt, key, ca, crl }: PemFiles): ReadMaterial {
  const chain = certificates(crt);
  const [leaf] = chain;
  const authorities = certificates(ca);
  checkLeaf(crt, leaf);
  if (!leaf.checkPrivateKey(privateKey(key))) {
    throw new Broken(`${key.path} is not the key of the certificate in ${crt.path}: replace both together`);
  }
  const noAuthority = authorities.find((each) => !each.ca);
  if (noAuthority !== undefined) {
    throw new Broken(`${ca.path} has a certificate that is no CA: ${subject(noAuthority)}: take it out`);
  }
  const lists = crl === null ? undefined : readRevocations(crl.text);
  if (lists === null) {
    throw new Broken(`${crl?.path} has to be lists of revoked certificates in PEM format, -----BEGIN X509 CRL-----`);
  }
  const revoked = lists === undefined ? {} : { crl: lists.map(({ pem }) => pem) };
  const material = { cert: crt.text, key: key.text, ca: ca.text, ...revoked };
  tryOut(material, crt);
  return {
    material,
    summary: {
      subject: subject(leaf),
      fingerprint: leaf.fingerprint256,
      expires: leaf.validToDate.toISOString(),
    },
    ends: [
      ...authorities.map((each) => each.validToDate.getTime()),
      ...(lists ?? []).flatMap(({ nextUpdate }) => nextUpdate ?? []),
    ],
    warnings: [
      ...(key.shared ? [`${key.path} can be read by others than its owner: chmod 600`] : []),
      ...authorities.filter(expired).map((each) => `${ca.path} has an expired CA: ${subject(each)}`),
      ...unrevocable(authorities, lists).map(
        (each) => `${crl?.path} has no current list of ${subject(each)}: every client of that CA is refused`,
      ),
      ...(linked(chain, authorities)
        ? []
        : [`no CA in ${ca.path} has signed ${crt.path}: proxies have to trust another`]),
    ],
  };
}

function checkLeaf({ path }: PemFile, leaf: X509Certificate): void {
  if (expired(leaf)) throw new Broken(`the certificate in ${path} has expired on ${leaf.validTo}: renew it`);
  if (leaf.validFromDate.getTime() > Date.now()) {
    throw new Broken(`the certificate in ${path} is not valid before ${leaf.validFrom}: check the clock, or wait`);
  }
  const content = readCertificate(leaf);
  if (content === null) throw new Broken(`the extensions of the certificate in ${path} cannot be read: issue it anew`);
  if (!content.usages.includes('server')) {
    throw new Broken(`the certificate in ${path} may not be used by a server: issue one with serverAuth`);
  }
}

/** OpenSSL has the last word: what it does not take must not reach the server. */
function tryOut({ crl, ...material }: TlsMaterial, { path }: PemFile): void {
  try {
    createSecureContext({ ...material, ...(crl === undefined ? {} : { crl: [...crl] }) });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw new Broken(`OpenSSL does not take ${path} and the files beside it (${code}): issue them anew`);
  }
}

type NotEmpty<T> = readonly [T, ...(readonly T[])];

/** All certificates of a file, of which there has to be one. */
function certificates({ path, text }: PemFile): NotEmpty<X509Certificate> {
  const parsed = pemBlocks(text, 'CERTIFICATE').map((pem) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new Broken(`${path} has a certificate that cannot be read: it has to be PEM`);
    }
  });
  const [first, ...rest] = parsed;
  if (first === undefined)
    throw new Broken(`${path} has no certificate: it has to be PEM, -----BEGIN CERTIFICATE-----`);
  return [first, ...rest];
}

function privateKey({ path, text }: PemFile): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    const locked = text.includes('ENCRYPTED');
    const why = locked ? 'is locked with a passphrase: store it without' : 'has no private key that can be read';
    throw new Broken(`${path} ${why}: it has to be PEM, -----BEGIN PRIVATE KEY-----`);
  }
}

/** Whether the chain leads to one of the CAs. */
function linked(chain: NotEmpty<X509Certificate>, authorities: readonly X509Certificate[]): boolean {
  return chain.some((each) => authorities.some((ca) => each.checkIssued(ca) && each.verify(ca.publicKey)));
}

function expired(certificate: X509Certificate): boolean {
  return certificate.validToDate.getTime() < Date.now();
}

function subject(certificate: X509Certificate): string {
  const named = certificate.subject?.replaceAll('\n', ', ') ?? '';
  return named === '' ? `the one with serial number ${certificate.serialNumber}` : named;
}
